/*
 * The floor the benches measure the bridge against: a libzmq ROUTER in C that answers every request with the same bytes,
 * as long as a real reply, after copying the request's id into it. Nothing else happens, so what a client sees is
 * ZeroMQ's own round trip.
 *
 * libzmq comes from the pyzmq wheel (the one the client uses too) and is loaded at run time; the few functions and
 * constants needed are declared here, so neither libzmq's headers nor a system libzmq is wanted.
 *
 * usage: echo LIBZMQ ENDPOINT REPLY_HEX REQUEST_ID_AT REPLY_ID_AT [COLUMNS_IN COLUMNS_OUT]
 *   REPLY_HEX      the reply to give, in hexadecimal
 *   REQUEST_ID_AT  offset of the five bytes (msgpack uint32) of the id in a request
 *   REPLY_ID_AT    the same in the reply
 *   COLUMNS_…      requests have a second frame, and so have replies: a fresh one of COLUMNS_OUT / COLUMNS_IN times the
 *                  size, filled with zeros
 * Prints "ready" once bound. Ends when its parent closes the pipe on its standard input, or by a signal.
 */
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ZMQ_ROUTER 6
#define ZMQ_SNDMORE 2
#define ZMQ_LINGER 17
#define ID_BYTES 5
#define FRAME_MAX 4096

typedef void *(*ctx_new_fn)(void);
typedef void *(*socket_fn)(void *, int);
typedef int (*setsockopt_fn)(void *, int, const void *, size_t);
typedef int (*bind_fn)(void *, const char *);
typedef int (*recv_fn)(void *, void *, size_t, int);
typedef int (*send_fn)(void *, const void *, size_t, int);

/* As zmq.h declares it: 64 bytes, aligned like a pointer. */
typedef struct { _Alignas(void *) unsigned char opaque[64]; } message;
typedef int (*message_init_fn)(message *);
typedef int (*message_init_size_fn)(message *, size_t);
typedef void *(*message_data_fn)(message *);
typedef size_t (*message_size_fn)(const message *);
typedef int (*message_close_fn)(message *);
typedef int (*message_move_fn)(message *, void *, int);

static void fail(const char *what, const char *why) {
    fprintf(stderr, "echo: %s: %s\n", what, why ? why : "failed");
    exit(1);
}

static void *symbol(void *library, const char *name) {
    void *address = dlsym(library, name);
    if (!address) fail(name, dlerror());
    return address;
}

static size_t from_hex(const char *hex, unsigned char *out, size_t room) {
    size_t length = strlen(hex) / 2;
    if (strlen(hex) % 2 || length > room) fail("REPLY_HEX", "odd or too long");
    for (size_t i = 0; i < length; i++) {
        unsigned int byte;
        if (sscanf(hex + 2 * i, "%2x", &byte) != 1) fail("REPLY_HEX", "not hexadecimal");
        out[i] = (unsigned char)byte;
    }
    return length;
}

/* The bench process holds the other end of stdin: when it ends, however it ends, so does this. */
static void *watch_parent(void *unused) {
    char byte;
    (void)unused;
    while (read(STDIN_FILENO, &byte, 1) > 0) continue;
    _exit(0);
}

int main(int argc, char **argv) {
    if (argc != 6 && argc != 8) {
        fail("usage", "echo LIBZMQ ENDPOINT REPLY_HEX REQUEST_ID_AT REPLY_ID_AT [COLUMNS_IN COLUMNS_OUT]");
    }
    void *library = dlopen(argv[1], RTLD_NOW);
    if (!library) fail(argv[1], dlerror());
    ctx_new_fn ctx_new = (ctx_new_fn)symbol(library, "zmq_ctx_new");
    socket_fn open_socket = (socket_fn)symbol(library, "zmq_socket");
    setsockopt_fn set_option = (setsockopt_fn)symbol(library, "zmq_setsockopt");
    bind_fn bind_socket = (bind_fn)symbol(library, "zmq_bind");
    recv_fn receive = (recv_fn)symbol(library, "zmq_recv");
    send_fn send_frame = (send_fn)symbol(library, "zmq_send");
    message_init_fn message_init = (message_init_fn)symbol(library, "zmq_msg_init");
    message_init_size_fn message_init_size = (message_init_size_fn)symbol(library, "zmq_msg_init_size");
    message_data_fn message_data = (message_data_fn)symbol(library, "zmq_msg_data");
    message_size_fn message_size = (message_size_fn)symbol(library, "zmq_msg_size");
    message_close_fn message_close = (message_close_fn)symbol(library, "zmq_msg_close");
    message_move_fn message_receive = (message_move_fn)symbol(library, "zmq_msg_recv");
    message_move_fn message_send = (message_move_fn)symbol(library, "zmq_msg_send");

    unsigned char reply[FRAME_MAX];
    size_t reply_bytes = from_hex(argv[3], reply, sizeof reply);
    size_t request_id_at = strtoul(argv[4], NULL, 10);
    size_t reply_id_at = strtoul(argv[5], NULL, 10);
    if (reply_id_at + ID_BYTES > reply_bytes) fail("REPLY_ID_AT", "outside the reply");
    size_t columns_in = argc == 8 ? strtoul(argv[6], NULL, 10) : 0;
    size_t columns_out = argc == 8 ? strtoul(argv[7], NULL, 10) : 0;
    if (argc == 8 && columns_in == 0) fail("COLUMNS_IN", "zero");

    void *router = open_socket(ctx_new(), ZMQ_ROUTER);
    int linger = 0;
    if (!router || set_option(router, ZMQ_LINGER, &linger, sizeof linger)) fail("zmq_socket", NULL);
    if (bind_socket(router, argv[2])) fail("zmq_bind", argv[2]);

    pthread_t watcher;
    if (pthread_create(&watcher, NULL, watch_parent, NULL)) fail("pthread_create", NULL);
    puts("ready");
    fflush(stdout);

    unsigned char peer[256], request[FRAME_MAX];
    for (;;) {
        int peer_bytes = receive(router, peer, sizeof peer, 0);
        int request_bytes = receive(router, request, sizeof request, 0);
        if (peer_bytes < 0 || request_bytes < 0) fail("zmq_recv", NULL);
        if ((size_t)request_bytes < request_id_at + ID_BYTES || (size_t)request_bytes > sizeof request) continue;
        memcpy(reply + reply_id_at, request + request_id_at, ID_BYTES);
        send_frame(router, peer, (size_t)peer_bytes, ZMQ_SNDMORE);
        if (columns_in == 0) {
            send_frame(router, reply, reply_bytes, 0);
            continue;
        }
        message block, answer;
        message_init(&block);
        if (message_receive(&block, router, 0) < 0) fail("zmq_msg_recv", NULL);
        size_t answer_bytes = message_size(&block) / columns_in * columns_out;
        message_close(&block);
        if (message_init_size(&answer, answer_bytes)) fail("zmq_msg_init_size", NULL);
        memset(message_data(&answer), 0, answer_bytes);
        send_frame(router, reply, reply_bytes, ZMQ_SNDMORE);
        if (message_send(&answer, router, 0) < 0) fail("zmq_msg_send", NULL);
    }
}
