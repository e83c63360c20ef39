// A PJRT plugin in front of XLA's: it keeps compiled graphs in files, so that another process loads in a tenth of a second
// what takes a second or more to compile.
//
// It hands on XLA's own table of functions, with one replaced: PJRT_Client_Compile looks for a file whose key is equal, byte
// by byte, to everything that the compiler's result depends on, and calls PJRT_Executable_DeserializeAndLoad with it. Where there is
// none, XLA compiles, and PJRT_Executable_Serialize's bytes become that file. Whatever fails here leaves the work to XLA.
// The code that is loaded is the code that was compiled: results have the same bits.
//
// Set-up compiles this file with PLUGIN, the path of XLA's plugin, and IDENTITY, its version and hash. The header is go-xla's. The plugin's
// version and the size of its table are compared with the header's; a plugin that differs is handed on unchanged.
// The day that GoMLX keeps compiled graphs itself, this file can go.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <sched.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pjrt_c_api.h"

#define FOLDER "CNNBOOK_GRAPHS" // environment variable: the folder of the files; empty or 0 keeps none
#define SECOND "CNNBOOK_GRAPHS_TOO" // another folder, of the account that has installed the plugin: it is only read
#define MAGIC 0x3148504152474e43ull // "CNGRAPH1"
#define MOST ((size_t)256 << 20)    // bytes of a file

static const PJRT_Api *xla;
static PJRT_Api ours;

// A growing text of bytes. A failed allocation leaves size at 0 for good.
struct bytes {
	char *data;
	size_t size, room;
	int failed;
};

static void add(struct bytes *b, const void *data, size_t size) {
	if (b->failed)
		return;
	if (b->size + size > b->room) {
		size_t room = 2 * (b->size + size);
		char *more = realloc(b->data, room);
		if (more == NULL) {
			b->failed = 1;
			return;
		}
		b->data = more;
		b->room = room;
	}
	memcpy(b->data + b->size, data, size);
	b->size += size;
}

// add_part adds a part with its length in front, so that two lists of parts never run together to the same bytes.
static void add_part(struct bytes *b, const void *data, size_t size) {
	uint64_t n = size;
	add(b, &n, sizeof n);
	add(b, data, size);
}

static void add_text(struct bytes *b, const char *text) { add_part(b, text ? text : "", text ? strlen(text) : 0); }

// add_processor adds what the compiler knows of the processor: model and instructions, from its first description in /proc/cpuinfo,
// and how many of them this process may use.
static void add_processor(struct bytes *b) {
	static const char *fields[] = {"vendor_id", "cpu family", "model", "stepping", "flags", "Features", "CPU implementer", "CPU part"};
	FILE *f = fopen("/proc/cpuinfo", "r");
	char *line = NULL;
	size_t room = 0;
	while (f != NULL && getline(&line, &room, f) > 1) { // an empty line ends the first processor
		for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
			if (strncmp(line, fields[i], strlen(fields[i])) == 0)
				add_text(b, line);
		}
	}
	free(line);
	if (f != NULL)
		fclose(f);
	cpu_set_t set;
	uint64_t count = 0;
	if (sched_getaffinity(0, sizeof set, &set) == 0)
		count = CPU_COUNT(&set);
	add_part(b, &count, sizeof count);
}

// key is everything that the compiled graph depends on.
static struct bytes key(const PJRT_Client_Compile_Args *a) {
	struct bytes b = {0};
	add_text(&b, IDENTITY);
	add_text(&b, getenv("XLA_FLAGS"));
	add_processor(&b);
	add_part(&b, a->program->format, a->program->format_size);
	add_part(&b, a->compile_options, a->compile_options_size);
	add_part(&b, a->program->code, a->program->code_size);
	return b;
}

// hash is FNV-1a's. It names files and finds damage; that keys are equal is checked byte by byte.
static uint64_t hash(const char *data, size_t size) {
	uint64_t h = 14695981039346656037ull;
	for (size_t i = 0; i < size; i++)
		h = (h ^ (unsigned char)data[i]) * 1099511628211ull;
	return h;
}

// header begins a file; the key and the graph follow.
struct header {
	uint64_t magic, key, graph, sum; // sizes in bytes; sum is the hash of the graph
};

// trusted says whether the code in this file may run: it is this account's own, or of the account whose plugin runs already.
static int trusted(const struct stat *file) {
	struct stat plugin;
	return file->st_uid == geteuid() || (stat(PLUGIN, &plugin) == 0 && file->st_uid == plugin.st_uid);
}

// read_file gives a file's content, or NULL.
static char *read_file(const char *name, size_t *size) {
	FILE *f = fopen(name, "rbe");
	if (f == NULL)
		return NULL;
	struct stat st;
	char *data = NULL;
	if (fstat(fileno(f), &st) == 0 && trusted(&st) && st.st_size > 0 && (size_t)st.st_size <= MOST) {
		data = malloc(st.st_size);
		if (data != NULL && fread(data, 1, st.st_size, f) != (size_t)st.st_size) {
			free(data);
			data = NULL;
		}
		*size = st.st_size;
	}
	fclose(f);
	return data;
}

// graph_in gives the graph in a file's content, if the file is whole and has the key.
static const char *graph_in(const char *data, size_t size, const struct bytes *key, size_t *graph) {
	struct header h;
	if (size < sizeof h)
		return NULL;
	memcpy(&h, data, sizeof h);
	const char *k = data + sizeof h;
	size_t rest = size - sizeof h;
	if (h.magic != MAGIC || h.key != key->size || h.key > rest || h.graph != rest - h.key || memcmp(k, key->data, h.key) != 0 ||
	    hash(k + h.key, h.graph) != h.sum)
		return NULL;
	*graph = h.graph;
	return k + h.key;
}

// forget destroys an error and says whether there was one.
static int forget(PJRT_Error *error) {
	if (error == NULL)
		return 0;
	PJRT_Error_Destroy_Args d = {.struct_size = PJRT_Error_Destroy_Args_STRUCT_SIZE, .error = error};
	xla->PJRT_Error_Destroy(&d);
	return 1;
}

// load loads the graph from its file.
static PJRT_LoadedExecutable *load(PJRT_Client *client, const char *name, const struct bytes *key) {
	size_t size = 0, graph = 0;
	char *data = read_file(name, &size);
	if (data == NULL)
		return NULL;
	PJRT_LoadedExecutable *loaded = NULL;
	const char *code = graph_in(data, size, key, &graph);
	if (code != NULL) {
		PJRT_Executable_DeserializeAndLoad_Args d = {.struct_size = PJRT_Executable_DeserializeAndLoad_Args_STRUCT_SIZE,
		                                             .client = client,
		                                             .serialized_executable = code,
		                                             .serialized_executable_size = graph};
		if (!forget(xla->PJRT_Executable_DeserializeAndLoad(&d)))
			loaded = d.loaded_executable;
	}
	free(data);
	if (loaded != NULL)
		utimensat(AT_FDCWD, name, NULL, 0); // used now: set-up removes what was not used for a month
	return loaded;
}

// write_file writes a file under a name of its own first, so that no reader sees a part of it.
static void write_file(const char *name, const struct header *h, const struct bytes *key, const char *graph) {
	char *temporary = NULL;
	if (asprintf(&temporary, "%s.%ld-XXXXXX", name, (long)getpid()) < 0)
		return;
	int fd = mkostemp(temporary, O_CLOEXEC);
	FILE *f = fd < 0 ? NULL : fdopen(fd, "wb");
	if (f != NULL) {
		int ok = fwrite(h, sizeof *h, 1, f) == 1 && fwrite(key->data, 1, key->size, f) == key->size && fwrite(graph, 1, h->graph, f) == h->graph;
		ok = fclose(f) == 0 && ok;
		if (!ok || rename(temporary, name) != 0)
			unlink(temporary);
	}
	free(temporary);
}

// keep writes the compiled graph to its file.
static void keep(PJRT_LoadedExecutable *loaded, const char *name, const struct bytes *key) {
	PJRT_LoadedExecutable_GetExecutable_Args g = {.struct_size = PJRT_LoadedExecutable_GetExecutable_Args_STRUCT_SIZE, .loaded_executable = loaded};
	if (forget(xla->PJRT_LoadedExecutable_GetExecutable(&g)))
		return;
	PJRT_Executable_Serialize_Args s = {.struct_size = PJRT_Executable_Serialize_Args_STRUCT_SIZE, .executable = g.executable};
	if (!forget(xla->PJRT_Executable_Serialize(&s))) {
		if (sizeof(struct header) + key->size + s.serialized_bytes_size <= MOST) {
			struct header h = {MAGIC, key->size, s.serialized_bytes_size, hash(s.serialized_bytes, s.serialized_bytes_size)};
			write_file(name, &h, key, s.serialized_bytes);
		}
		s.serialized_executable_deleter(s.serialized_executable);
	}
	PJRT_Executable_Destroy_Args d = {.struct_size = PJRT_Executable_Destroy_Args_STRUCT_SIZE, .executable = g.executable};
	forget(xla->PJRT_Executable_Destroy(&d));
}

// file_in gives the name of the file for a key in the folder that a variable names, or NULL.
static char *file_in(const char *variable, const struct bytes *k) {
	const char *folder = getenv(variable);
	char *name = NULL;
	if (folder == NULL || folder[0] != '/' || k->failed ||
	    asprintf(&name, "%s/%016llx.graph", folder, (unsigned long long)hash(k->data, k->size)) < 0)
		return NULL;
	return name;
}

static PJRT_Error *compile(PJRT_Client_Compile_Args *a) {
	const char *folder = getenv(FOLDER);
	struct bytes k = {0};
	if (folder != NULL && folder[0] == '/')
		k = key(a);
	char *name = k.size > 0 ? file_in(FOLDER, &k) : NULL;
	PJRT_Error *error = NULL;
	PJRT_LoadedExecutable *loaded = name != NULL ? load(a->client, name, &k) : NULL;
	char *second = name != NULL && loaded == NULL ? file_in(SECOND, &k) : NULL;
	if (second != NULL)
		loaded = load(a->client, second, &k);
	free(second);
	if (loaded != NULL) {
		a->executable = loaded;
	} else {
		error = xla->PJRT_Client_Compile(a);
		if (error == NULL && name != NULL)
			keep(a->executable, name, &k);
	}
	free(name);
	free(k.data);
	return error;
}

// known says whether the plugin has the header's version of the interface as far as it is used here. Newer minor versions only add
// to the end.
static int known(const PJRT_Api *api) {
	return api->pjrt_api_version.major_version == PJRT_API_MAJOR &&
	       api->struct_size >= offsetof(PJRT_Api, PJRT_Executable_DeserializeAndLoad) + sizeof api->PJRT_Executable_DeserializeAndLoad &&
	       api->PJRT_Executable_Serialize != NULL && api->PJRT_Executable_DeserializeAndLoad != NULL;
}

__attribute__((visibility("default"))) const PJRT_Api *GetPjrtApi(void) {
	static const PJRT_Api *answer;
	if (answer != NULL)
		return answer;
	void *plugin = dlopen(PLUGIN, RTLD_NOW | RTLD_LOCAL);
	const PJRT_Api *(*get)(void) = plugin == NULL ? NULL : (const PJRT_Api *(*)(void))dlsym(plugin, "GetPjrtApi");
	if (get == NULL) {
		fprintf(stderr, "cnnbook: %s\n", dlerror());
		return NULL;
	}
	xla = get();
	answer = xla;
	if (xla != NULL && known(xla)) {
		memcpy(&ours, xla, xla->struct_size < sizeof ours ? xla->struct_size : sizeof ours);
		ours.struct_size = xla->struct_size < sizeof ours ? xla->struct_size : sizeof ours;
		ours.PJRT_Client_Compile = compile;
		answer = &ours;
	}
	return answer;
}
