// replace file NAME A B PAUSE: gives NAME the content A, then B, and so on, by rename, until stdin closes.
// replace link NAME A B PAUSE: turns a link.
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int make(const char *kind, const char *at, const char *content) {
  if (strcmp(kind, "link") == 0) return symlink(content, at);
  int fd = open(at, O_WRONLY | O_CREAT | O_TRUNC, 0644);
  if (fd < 0) return -1;
  int result = write(fd, content, strlen(content)) < 0 ? -1 : 0;
  close(fd);
  return result;
}

int main(int argc, char **argv) {
  if (argc < 6) return 2;
  char next[4096];
  snprintf(next, sizeof next, "%s.next", argv[2]);
  int pause = atoi(argv[5]);
  struct pollfd end = {.fd = 0, .events = POLLIN};
  puts("begun");
  fflush(stdout);
  for (unsigned long i = 0;; i++) {
    if (make(argv[1], next, argv[3 + i % 2]) != 0 || rename(next, argv[2]) != 0) {
      perror(argv[1]);
      return 1;
    }
    if (pause > 0) usleep(pause);
    if ((pause > 0 || i % 256 == 0) && poll(&end, 1, 0) != 0) return 0;
  }
}
