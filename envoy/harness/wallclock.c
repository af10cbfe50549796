/* A preloaded library that lets a test set a process's wall clock through a file.
 *
 * libfaketime does the same but cannot be loaded into Envoy: it interposes poll()
 * and resolves the rest with dlsym() on first use, inside the initialisation of
 * Envoy's own malloc, and the two wait for each other for ever. This one touches
 * the three calls that read the wall clock, allocates nothing and resolves
 * nothing. Monotonic clocks stay real, so timers and timeouts work.
 *
 * WALLCLOCK_FILE names the file. Its text is a UTC time, which stands still until
 * the file says another: `2026-01-05T10:00:00Z`, `2026-01-05 10:00:00`, either
 * with a fraction, or whole nanoseconds since the Unix epoch. A file that is
 * absent, empty or unreadable leaves the clock at the last time read from it, or
 * real if there has been none.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define SECOND 1000000000LL

static _Atomic long long last; /* nanoseconds since the epoch; 0: none read yet */

/* Reads up to `most` digits at *at; -1 when there is none. */
static long long digits(const char **at, int most) {
    long long value = -1;
    for (; most > 0 && **at >= '0' && **at <= '9'; most--, (*at)++)
        value = (value < 0 ? 0 : value * 10) + (**at - '0');
    return value;
}

/* Days from 1970-01-01 in the proleptic Gregorian calendar. */
static long long days(long long year, long long month, long long day) {
    year -= month <= 2;
    long long era = year / 400, of_era = year - era * 400;
    long long of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

/* Nanoseconds since the epoch, or 0 when the text is not a time. */
static long long parse(const char *at) {
    const char *start = at;
    if (*at == '@') at++;
    long long first = digits(&at, 19);
    if (*at != '-') return at != start && first > 0 ? first : 0;
    at++;
    long long month = digits(&at, 2);
    if (*at++ != '-') return 0;
    long long day = digits(&at, 2);
    if (*at != ' ' && *at != 'T') return 0;
    at++;
    long long hour = digits(&at, 2);
    if (*at++ != ':') return 0;
    long long minute = digits(&at, 2);
    if (*at++ != ':') return 0;
    long long second = digits(&at, 2);
    if (first < 1970 || month < 1 || day < 1 || hour < 0 || minute < 0 || second < 0) return 0;
    long long fraction = 0;
    if (*at == '.') {
        long long unit = SECOND / 10;
        for (at++; *at >= '0' && *at <= '9'; at++, unit /= 10) fraction += (*at - '0') * unit;
    }
    return (days(first, month, day) * 86400 + hour * 3600 + minute * 60 + second) * SECOND + fraction;
}

/* The time that the file says, or 0 when the clock is to be real. */
static long long told(void) {
    const char *path = getenv("WALLCLOCK_FILE");
    if (!path || !*path) return 0;
    char text[64];
    long file = syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC, 0);
    if (file >= 0) {
        long size = syscall(SYS_read, file, text, sizeof text - 1);
        syscall(SYS_close, file);
        if (size > 0) {
            text[size] = 0;
            long long value = parse(text);
            if (value > 0) atomic_store(&last, value);
        }
    }
    return atomic_load(&last);
}

int clock_gettime(clockid_t clock, struct timespec *out) {
    long long value;
    if ((clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE) && (value = told())) {
        out->tv_sec = value / SECOND;
        out->tv_nsec = value % SECOND;
        return 0;
    }
    return (int)syscall(SYS_clock_gettime, clock, out);
}

int gettimeofday(struct timeval *restrict out, void *restrict zone) {
    (void)zone;
    struct timespec now;
    if (clock_gettime(CLOCK_REALTIME, &now)) return -1;
    out->tv_sec = now.tv_sec;
    out->tv_usec = now.tv_nsec / 1000;
    return 0;
}

time_t time(time_t *out) {
    struct timespec now;
    if (clock_gettime(CLOCK_REALTIME, &now)) return -1;
    if (out) *out = now.tv_sec;
    return now.tv_sec;
}
