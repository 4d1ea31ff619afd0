// mount DIR [renumber]: mounts a file system of two files, fast.bin and slow.bin, and of empty
// directories, d0 to d99, as a network does: attributes are asked for anew each time. Reads commands:
// `stall`, after which everything about slow.bin, the directories and what is in them waits, until
// `go`. Ends, and unmounts, when stdin closes. With `renumber`, each look at a name finds a file of
// another number.
#define FUSE_USE_VERSION 34
#include <fuse3/fuse_lowlevel.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SIZE (3 * 1024 * 1024)

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static int stalled = 0;
static int renumber = 0;
static fuse_ino_t last = 2;
static struct fuse_session *session;

/** Of d0; d1 comes two later, so that all of them are slow. */
static const fuse_ino_t FIRST_DIRECTORY = 0x10000001;

static int is_slow(fuse_ino_t ino) { return ino != FUSE_ROOT_ID && ino % 2 == 1; }

static int is_directory(fuse_ino_t ino) { return ino == FUSE_ROOT_ID || ino >= FIRST_DIRECTORY; }

static void wait_for(fuse_ino_t ino) {
  if (!is_slow(ino)) return;
  pthread_mutex_lock(&lock);
  while (stalled) pthread_cond_wait(&changed, &lock);
  pthread_mutex_unlock(&lock);
}

static struct stat attributes(fuse_ino_t ino) {
  struct stat found = {.st_ino = ino, .st_nlink = 1};
  found.st_mode = is_directory(ino) ? S_IFDIR | 0755 : S_IFREG | 0644;
  found.st_size = is_directory(ino) ? 0 : SIZE;
  found.st_mtim.tv_sec = found.st_ctim.tv_sec = 1767225600;
  found.st_mtim.tv_nsec = found.st_ctim.tv_nsec = 123456789;
  return found;
}

static void on_lookup(fuse_req_t request, fuse_ino_t parent, const char *name) {
  fuse_ino_t kind = strcmp(name, "fast.bin") == 0 ? 2 : strcmp(name, "slow.bin") == 0 ? 3 : 0;
  if (name[0] == 'd') kind = FIRST_DIRECTORY + 2 * atoi(name + 1);
  if (parent != FUSE_ROOT_ID || kind == 0) {
    wait_for(parent);
    fuse_reply_err(request, ENOENT);
    return;
  }
  wait_for(kind);
  fuse_ino_t ino = renumber && !is_directory(kind) ? __sync_add_and_fetch(&last, 2) + kind % 2 : kind;
  struct fuse_entry_param entry = {.ino = ino, .attr_timeout = 0, .entry_timeout = 0};
  entry.attr = attributes(ino);
  fuse_reply_entry(request, &entry);
}

static void on_getattr(fuse_req_t request, fuse_ino_t ino, struct fuse_file_info *info) {
  (void)info;
  wait_for(ino);
  struct stat found = attributes(ino);
  fuse_reply_attr(request, &found, 0);
}

static void on_open(fuse_req_t request, fuse_ino_t ino, struct fuse_file_info *info) {
  wait_for(ino);
  info->direct_io = 1;
  fuse_reply_open(request, info);
}

static void on_read(fuse_req_t request, fuse_ino_t ino, size_t size, off_t offset, struct fuse_file_info *info) {
  (void)info;
  wait_for(ino);
  size_t left = offset < SIZE ? SIZE - offset : 0;
  if (size > left) size = left;
  char *bytes = malloc(size + 1);
  memset(bytes, is_slow(ino) ? 's' : 'f', size);
  fuse_reply_buf(request, bytes, size);
  free(bytes);
}

static void *obey(void *unused) {
  char command[16];
  while (fgets(command, sizeof command, stdin)) {
    pthread_mutex_lock(&lock);
    stalled = strcmp(command, "stall\n") == 0;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
    printf("%s", command);
    fflush(stdout);
  }
  pthread_mutex_lock(&lock);
  stalled = 0;
  pthread_cond_broadcast(&changed);
  pthread_mutex_unlock(&lock);
  fuse_session_unmount(session);
  exit(0);
  return unused;
}

int main(int argc, char **argv) {
  if (argc < 2) return 2;
  renumber = argc > 2 && strcmp(argv[2], "renumber") == 0;
  static const struct fuse_lowlevel_ops operations = {
      .lookup = on_lookup, .getattr = on_getattr, .open = on_open, .read = on_read};
  char *arguments[] = {argv[0]};
  struct fuse_args args = FUSE_ARGS_INIT(1, arguments);
  session = fuse_session_new(&args, &operations, sizeof operations, NULL);
  if (session == NULL || fuse_session_mount(session, argv[1]) != 0) return 1;
  pthread_t reader;
  pthread_create(&reader, NULL, obey, NULL);
  puts("mounted");
  fflush(stdout);
  struct fuse_loop_config config = {.clone_fd = 0, .max_idle_threads = 10};
  fuse_session_loop_mt(session, &config);
  return 0;
}
