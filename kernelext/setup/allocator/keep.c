// A C library to preload, ld.so(8): it keeps large freed blocks of memory for later allocations.
//
// XLA's CPU client allocates the memory of each execution again, 285 MB for a training step at batch 500, and frees it
// at the end. glibc gets blocks of that size from the system and returns them at once, so that every step touches
// 100,000 pages for the first time. Here they stay, and a step takes about a fifth less time.
//
// Blocks of 1 MB and more come from one reserved range of addresses, cut into units of 64 KB: the best fitting free
// block, or the end of what was used so far. Everything else is glibc's: one comparison decides who owns a pointer. A block that
// is unused for IDLE seconds is returned to the system, and so are all free ones when the range's used part grows.
//
// It needs glibc, whose allocator it calls by the names that are not replaced, and Linux.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

extern void *__libc_malloc(size_t);
extern void *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);
extern void __libc_free(void *);

#define LARGE ((size_t)1 << 20) // bytes from which a block is ours
#define UNIT ((size_t)1 << 16)  // bytes
#define UNITS ((uint32_t)1 << 20)
#define IDLE 10 // seconds

// One block: consecutive units. Its record belongs to its first unit; the record of its last unit stores where it begins.
struct block {
	uint32_t units; // 0: not the first unit of a block
	uint32_t first; // of the block that ends here
	uint32_t used;  // 1: in use
	uint32_t freed; // second in which it became free; 0: its pages have been returned to the system
};

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static char *base, *end;     // the reserved range
static struct block *blocks; // a record for each unit
static uint32_t top;         // number of units used so far

static void before_fork(void) { pthread_mutex_lock(&mutex); }
static void after_fork(void) { pthread_mutex_unlock(&mutex); }

__attribute__((constructor)) static void reserve(void) {
	size_t size = (size_t)UNITS * UNIT, records = UNITS * sizeof(struct block);
	void *table = mmap(NULL, records, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	void *range = mmap(NULL, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (table == MAP_FAILED || range == MAP_FAILED) { // addresses are limited, ulimit -v: glibc does everything
		if (table != MAP_FAILED)
			munmap(table, records);
		return;
	}
	madvise(range, size, MADV_HUGEPAGE);
	pthread_atfork(before_fork, after_fork, after_fork);
	blocks = table;
	base = range;
	end = base + size;
}

static int ours(const void *p) { return (const char *)p >= base && (const char *)p < end; }

static uint32_t now(void) {
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC_COARSE, &t);
	return (uint32_t)t.tv_sec + 1; // never 0
}

static void set(uint32_t first, uint32_t units, uint32_t used, uint32_t freed) {
	blocks[first] = (struct block){units, blocks[first].first, used, freed};
	blocks[first + units - 1].first = first;
}

// give_back returns the pages of blocks that have been free for at least so many seconds.
static void give_back(uint32_t time, uint32_t seconds) {
	for (uint32_t i = 0; i < top; i += blocks[i].units) {
		struct block *b = &blocks[i];
		if (!b->used && b->freed && time - b->freed >= seconds) {
			madvise(base + (size_t)i * UNIT, (size_t)b->units * UNIT, MADV_DONTNEED);
			b->freed = 0;
		}
	}
}

// tidy gives back what is unused, at most once a second.
static void tidy(uint32_t time) {
	static uint32_t last;
	if (time != last)
		give_back(time, IDLE + 1);
	last = time;
}

// grow makes a free block of so many units at the end of what was used so far, and returns it, or UNITS if the range is
// exhausted. The last block, if it is free, becomes part of it. All others that are free, which are too small, return their
// pages: while memory grows, none is kept unused beside it.
static uint32_t grow(uint32_t units, uint32_t time) {
	uint32_t first = top;
	if (top > 0 && !blocks[blocks[top - 1].first].used)
		first = blocks[top - 1].first;
	if (units > UNITS - first || mprotect(base + (size_t)top * UNIT, (size_t)(first + units - top) * UNIT, PROT_READ | PROT_WRITE))
		return UNITS;
	blocks[first].freed = 0; // its pages stay
	give_back(time, 0);
	top = first + units;
	set(first, units, 0, time);
	return first;
}

// take returns memory for size bytes at a multiple of align, or NULL if the range is exhausted.
static void *take(size_t size, size_t align) {
	if (!base || align > UNIT || size > (size_t)(end - base))
		return NULL;
	uint32_t units = (uint32_t)((size + UNIT - 1) / UNIT), best = UNITS, time = now();
	pthread_mutex_lock(&mutex);
	tidy(time);
	for (uint32_t i = 0; i < top; i += blocks[i].units)
		if (!blocks[i].used && blocks[i].units >= units && (best == UNITS || blocks[i].units < blocks[best].units))
			best = i;
	if (best == UNITS)
		best = grow(units, time);
	if (best < UNITS) {
		uint32_t rest = blocks[best].units - units, freed = blocks[best].freed;
		set(best, units, 1, 0);
		if (rest)
			set(best + units, rest, 0, freed);
	}
	pthread_mutex_unlock(&mutex);
	return best < UNITS ? base + (size_t)best * UNIT : NULL;
}

static uint32_t unit_of(const void *p) { return (uint32_t)(((const char *)p - base) / UNIT); }

static size_t size_of(const void *p) { return (size_t)blocks[unit_of(p)].units * UNIT; }

static void give(void *p) {
	uint32_t first = unit_of(p), time = now();
	pthread_mutex_lock(&mutex);
	uint32_t units = blocks[first].units, next = first + units;
	if (next < top && !blocks[next].used) // merged, so that larger ones fit
		units += blocks[next].units;
	if (first > 0 && !blocks[blocks[first - 1].first].used) {
		uint32_t before = blocks[first - 1].first;
		units += blocks[before].units;
		first = before;
	}
	set(first, units, 0, time);
	tidy(time);
	pthread_mutex_unlock(&mutex);
}

void *malloc(size_t size) {
	void *p = size >= LARGE ? take(size, 1) : NULL;
	return p ? p : __libc_malloc(size);
}

void free(void *p) {
	if (ours(p)) {
		int saved = errno;
		give(p);
		errno = saved;
	} else
		__libc_free(p);
}

void *realloc(void *p, size_t size) {
	if (!ours(p))
		return __libc_realloc(p, size);
	if (size == 0) {
		free(p);
		return NULL;
	}
	size_t old = size_of(p);
	if (size <= old && size >= old / 2)
		return p;
	void *q = malloc(size);
	if (q) {
		memcpy(q, p, size < old ? size : old);
		free(p);
	}
	return q;
}

void *memalign(size_t align, size_t size) {
	void *p = size >= LARGE ? take(size, align) : NULL;
	return p ? p : __libc_memalign(align, size);
}

void *aligned_alloc(size_t align, size_t size) { return memalign(align, size); }

int posix_memalign(void **result, size_t align, size_t size) {
	if (align % sizeof(void *) || align & (align - 1) || !align)
		return EINVAL;
	int saved = errno;
	void *p = memalign(align, size);
	errno = saved;
	if (!p)
		return ENOMEM;
	*result = p;
	return 0;
}

size_t malloc_usable_size(void *p) {
	static size_t (*theirs)(void *);
	if (ours(p))
		return size_of(p);
	if (!theirs)
		theirs = (size_t (*)(void *))dlsym(RTLD_NEXT, "malloc_usable_size");
	return theirs ? theirs(p) : 0;
}
