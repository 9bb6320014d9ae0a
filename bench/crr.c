/* Connect, ask one byte, get it back, hang up; then the next.  One connection at a time.
 *
 *   crr serve PORT                     answer for ever
 *   crr load ADDRESS PORT SECONDS      print one line of JSON
 *
 * The client hangs up with a reset, so that no end collects sockets in TIME_WAIT and runs out of
 * ports; both ends give up on a peer that is silent for a second.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

enum { BUCKETS = 1 << 16, BUCKET_US = 2 };

static uint64_t now_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t) t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static int tcp_socket(void)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;
    struct timeval patience = { .tv_sec = 1 };
    if (fd < 0) {
        perror("socket");
        exit(1);
    }
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return fd;
}

static int serve(struct sockaddr_in *here)
{
    int listener = tcp_socket();
    if (bind(listener, (struct sockaddr *) here, sizeof *here) || listen(listener, 128)) {
        perror("listen");
        return 1;
    }
    for (;;) {
        int fd = accept(listener, NULL, NULL);
        char byte;
        if (fd < 0)
            continue;
        while (read(fd, &byte, 1) == 1 && write(fd, &byte, 1) == 1)
            ;
        close(fd);
    }
}

static int once(const struct sockaddr_in *there)
{
    struct linger reset = { .l_onoff = 1, .l_linger = 0 };
    int fd = tcp_socket();
    char byte = '?';
    int done = !connect(fd, (const struct sockaddr *) there, sizeof *there)
        && write(fd, &byte, 1) == 1 && read(fd, &byte, 1) == 1;
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    close(fd);
    return done;
}

static uint64_t percentile(const uint32_t *counts, uint64_t total, double share)
{
    uint64_t wanted = total * share, seen = 0;
    for (int i = 0; i < BUCKETS; i++) {
        seen += counts[i];
        if (seen > wanted)
            return (uint64_t) i * BUCKET_US;
    }
    return (uint64_t) BUCKETS * BUCKET_US;
}

static int load(const struct sockaddr_in *there, double seconds)
{
    static uint32_t counts[BUCKETS];
    uint64_t start = now_us(), end = start + seconds * 1e6, done = 0, failed = 0, t;
    while ((t = now_us()) < end) {
        if (!once(there)) {
            failed++;
            continue;
        }
        uint64_t bucket = (now_us() - t) / BUCKET_US;
        counts[bucket < BUCKETS ? bucket : BUCKETS - 1]++;
        done++;
    }
    double took = (now_us() - start) / 1e6;
    printf("{\"connections\": %llu, \"failed\": %llu, \"per_second\": %.1f,"
           " \"p50_us\": %llu, \"p99_us\": %llu}\n",
           (unsigned long long) done, (unsigned long long) failed, done / took,
           (unsigned long long) percentile(counts, done, 0.50),
           (unsigned long long) percentile(counts, done, 0.99));
    return 0;
}

int main(int argc, char **argv)
{
    struct sockaddr_in address = { .sin_family = AF_INET };
    if (argc == 3 && !strcmp(argv[1], "serve")) {
        address.sin_port = htons(atoi(argv[2]));
        return serve(&address);
    }
    if (argc == 5 && !strcmp(argv[1], "load") && inet_pton(AF_INET, argv[2], &address.sin_addr)) {
        address.sin_port = htons(atoi(argv[3]));
        return load(&address, atof(argv[4]));
    }
    fprintf(stderr, "usage: crr serve PORT | crr load ADDRESS PORT SECONDS\n");
    return 2;
}
