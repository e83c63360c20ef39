// A program for TestAllocator: it takes, resizes and frees blocks of all sizes in four threads, each filled with a value of
// its own and checked before it is given back, after some blocks as a training's, and then prints how many pages of a block of 256 MB that was freed just
// before had to be touched for the first time.
#include <malloc.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

enum { SLOTS = 32, ROUNDS = 1000 };

static uint64_t next(uint64_t *state) { return *state = *state * 6364136223846793005u + 1442695040888963407u; }

static void check(const unsigned char *p, size_t size, unsigned char value, const char *when) {
	for (size_t i = 0; i < size; i += 4093)
		if (p[i] != value || p[size - 1] != value) {
			printf("%s: another's data\n", when);
			exit(1);
		}
}

static void *work(void *seed) {
	uint64_t state = (uint64_t)(uintptr_t)seed;
	unsigned char *slot[SLOTS] = {0}, value[SLOTS];
	size_t size[SLOTS];
	for (int round = 0; round < ROUNDS; round++) {
		int i = (int)(next(&state) >> 33) % SLOTS;
		size_t wanted = (size_t)1 << (next(&state) >> 33) % 24; // up to 16 MB
		wanted += (next(&state) >> 33) % wanted;
		if (slot[i] && round % 3 == 0) {
			size_t kept = wanted < size[i] ? wanted : size[i];
			slot[i] = realloc(slot[i], wanted);
			check(slot[i], kept, value[i], "realloc");
		} else {
			if (slot[i]) {
				check(slot[i], size[i], value[i], "free");
				free(slot[i]);
			}
			void *p = NULL;
			size_t align = (size_t)8 << round % 10;
			switch (round % 4) {
			case 0: p = malloc(wanted); break;
			case 1: p = aligned_alloc(align, wanted); break;
			case 2: p = calloc(1, wanted); break;
			case 3: if (posix_memalign(&p, align, wanted)) exit(2);
			}
			if (!p || (round % 2 && (uintptr_t)p % align) || malloc_usable_size(p) < wanted)
				exit(3);
			if (round % 4 == 2)
				check(p, wanted, 0, "calloc");
			slot[i] = p;
		}
		size[i] = wanted;
		value[i] = (unsigned char)next(&state);
		memset(slot[i], value[i], wanted);
	}
	for (int i = 0; i < SLOTS; i++)
		free(slot[i]);
	return NULL;
}

static long faults(void) {
	struct rusage usage;
	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_minflt;
}

// touched is a new block, of which each page is in memory.
static char *touched(size_t size) {
	volatile char *p = malloc(size);
	for (size_t i = 0; i < size; i += 4096)
		p[i] = 1;
	return (char *)p;
}

// steps allocates as training steps do: each has new weights, while the old ones are in use, and then a large block for all else.
// One large block is enough for all steps.
static void steps(void) {
	size_t weights = (size_t)8 << 20, rest = (size_t)256 << 20;
	char *old = NULL; // the first ones came from elsewhere
	for (int i = 0; i < 3; i++) {
		char *new = touched(weights), *large = touched(rest);
		free(old);
		free(large);
		old = new;
	}
	free(old);
	long resident = 0;
	FILE *f = fopen("/proc/self/statm", "r");
	if (!f || fscanf(f, "%*d %ld", &resident) != 1)
		exit(4);
	fclose(f);
	if (resident > (long)((rest + 4 * weights) / 4096)) {
		printf("steps: %ld pages are resident\n", resident);
		exit(5);
	}
}

int main(void) {
	steps();
	pthread_t threads[4];
	for (int i = 0; i < 4; i++)
		pthread_create(&threads[i], NULL, work, (void *)(uintptr_t)(i + 1));
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	size_t size = (size_t)256 << 20;
	long before = 0;
	for (int time = 0; time < 2; time++) {
		before = faults();
		free(touched(size));
	}
	printf("%ld\n", faults() - before);
	return 0;
}
