// compile-files FILE…: compiles each file whole and cut at several lengths, in
// this process.
#include "seqc-c/seqc.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CUTS = 4 };
static int accepted, refused, others;

static void count(int32_t code, seqc_module *module, const char *path) {
  if (code == SEQC_OK)
    ++accepted;
  else if (code == SEQC_ERROR_INPUT && *seqc_last_error())
    ++refused;
  else
    fprintf(stderr, "%s: %d: %s\n", path, (int)code, seqc_last_error()), ++others;
  seqc_release(module);
}

// Compiles `length` bytes that end where their memory ends.
static void compile(const char *text, size_t length, const char *path) {
  char *copy = malloc(length + !length);
  seqc_module *module;
  memcpy(copy, text, length);
  count(seqc_compile_text(copy, length, NULL, &module), module, path);
  free(copy);
}

int main(int argc, char **argv) {
  static char text[1 << 20];
  seqc_options reference = {.struct_size = sizeof reference, .schedule = "reference"};
  for (int i = 1; i < argc; ++i) {
    fprintf(stderr, "%s\n",
            argv[i]); // the last one named is the one that crashed
    FILE *file = fopen(argv[i], "rb");
    size_t length = file ? fread(text, 1, sizeof text, file) : 0;
    seqc_module *module;
    if (file)
      fclose(file);
    count(seqc_compile_file(argv[i], NULL, &module), module, argv[i]);
    count(seqc_compile_file(argv[i], &reference, &module), module, argv[i]);
    for (size_t cut = 1; cut <= CUTS; ++cut)
      compile(text, length * cut / (CUTS + 1), argv[i]);
  }
  seqc_clear_cache();
  printf("files: %d\naccepted: %d\nrefused: %d\n", argc - 1, accepted, refused);
  return others != 0;
}
