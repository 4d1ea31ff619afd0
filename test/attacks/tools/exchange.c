// exchange A B [PAUSE]: swaps two names again and again, with a pause in µs, until stdin closes.
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int main(int argc, char **argv) {
  if (argc < 3) return 2;
  int pause = argc > 3 ? atoi(argv[3]) : 0;
  struct pollfd end = {.fd = 0, .events = POLLIN};
  puts("begun");
  fflush(stdout);
  for (unsigned long i = 0;; i++) {
    if (renameat2(AT_FDCWD, argv[1], AT_FDCWD, argv[2], RENAME_EXCHANGE) != 0) {
      perror("renameat2");
      return 1;
    }
    if (pause > 0) usleep(pause);
    if ((pause > 0 || i % 1024 == 0) && poll(&end, 1, 0) != 0) return 0;
  }
}
