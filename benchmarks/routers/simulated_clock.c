/* Replaces the clocks of a process by one that its program sets, for code that is compiled and reads them itself. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <semaphore.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static volatile long long elapsed = -1; /* nanoseconds of simulated time; below 0: the real clocks */
static const long long START = 1795000000LL * 1000000000LL;

void set_elapsed(long long nanoseconds) { elapsed = nanoseconds; }

int clock_gettime(clockid_t id, struct timespec *to)
{
    int is_wall = id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE;
    int is_simulated = is_wall || id == CLOCK_MONOTONIC || id == CLOCK_MONOTONIC_COARSE || id == CLOCK_BOOTTIME;
    if (elapsed < 0 || !is_simulated)
        return syscall(SYS_clock_gettime, id, to);
    long long now = elapsed + (is_wall ? START : 1000000000LL);
    to->tv_sec = now / 1000000000LL;
    to->tv_nsec = now % 1000000000LL;
    return 0;
}

int gettimeofday(struct timeval *restrict to, void *restrict zone)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    to->tv_sec = now.tv_sec;
    to->tv_usec = now.tv_nsec / 1000;
    return 0;
}

/* Threads wait for locks in real time: a deadline of the simulated clock is long past for the kernel. */
int sem_clockwait(sem_t *semaphore, clockid_t id, const struct timespec *deadline)
{
    static int (*wait)(sem_t *, clockid_t, const struct timespec *);
    if (!wait)
        wait = (int (*)(sem_t *, clockid_t, const struct timespec *))dlsym(RTLD_NEXT, "sem_clockwait");
    struct timespec now, real;
    clock_gettime(id, &now);
    syscall(SYS_clock_gettime, id, &real);
    long long left = (deadline->tv_sec - now.tv_sec) * 1000000000LL + deadline->tv_nsec - now.tv_nsec;
    long long until = real.tv_sec * 1000000000LL + real.tv_nsec + (left > 0 ? left : 0);
    real.tv_sec = until / 1000000000LL;
    real.tv_nsec = until % 1000000000LL;
    return wait(semaphore, id, &real);
}
