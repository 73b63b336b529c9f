/* A peer of the thumbnailer: the same renditions by libvips alone, with no checks, no sandbox and
 * no store.
 *
 *     vips_chain PROCESSES PHOTO...
 *
 * Each photo is decoded once, at the smallest DCT scale that is still at least 1600 px; preview
 * (320 px, WebP, quality 75, effort 2) is made from large (1600 px, JPEG, quality 82). Upright,
 * sRGB, without metadata. The results are thrown away. */
#include <vips/vips.h>

#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { LARGE_SIDE = 1600, PREVIEW_SIDE = 320 };

static VipsImage *load(void *data, size_t size)
{
    VipsImage *image;

    if (vips_jpegload_buffer(data, size, &image, "access", VIPS_ACCESS_SEQUENTIAL, NULL) != 0)
        return NULL;
    int longest = MAX(vips_image_get_width(image), vips_image_get_height(image));
    int shrink = 1;
    while (shrink < 8 && longest / (2 * shrink) >= LARGE_SIDE)
        shrink *= 2;
    if (shrink == 1)
        return image;
    /* The first was only asked for its headers. */
    g_object_unref(image);
    return vips_jpegload_buffer(data, size, &image, "access", VIPS_ACCESS_SEQUENTIAL, "shrink",
                                shrink, NULL) == 0
               ? image
               : NULL;
}

/* Converting a picture that names no profile is slow and, in libvips 8.14, shifts its colours. */
static VipsImage *fit(VipsImage *image, int side)
{
    VipsImage *lazy;
    const char *profile = vips_image_get_typeof(image, VIPS_META_ICC_NAME) != 0 ? "srgb" : NULL;

    if (vips_thumbnail_image(image, &lazy, side, "height", side, "size", VIPS_SIZE_DOWN,
                             profile != NULL ? "export_profile" : NULL, profile, NULL) != 0)
        return NULL;
    VipsImage *pixels = vips_image_copy_memory(lazy);
    g_object_unref(lazy);
    return pixels;
}

/* The "strip" of libvips 8.14's webpsave leaves metadata in. */
static void strip(VipsImage *image)
{
    char **fields = vips_image_get_fields(image);

    for (char **field = fields; *field != NULL; field++)
        if (g_str_has_prefix(*field, "exif-") || g_str_has_suffix(*field, "-data") ||
            strcmp(*field, VIPS_META_ORIENTATION) == 0)
            vips_image_remove(image, *field);
    g_strfreev(fields);
}

static bool encode(VipsImage *large, VipsImage *preview)
{
    void *jpeg = NULL, *webp = NULL;
    size_t size;

    strip(large);
    strip(preview);
    bool ok = vips_webpsave_buffer(preview, &webp, &size, "Q", 75, "effort", 2, NULL) == 0 &&
              vips_jpegsave_buffer(large, &jpeg, &size, "Q", 82, NULL) == 0;
    g_free(jpeg);
    g_free(webp);
    return ok;
}

static bool render(const char *path)
{
    char *data;
    size_t size;

    if (!g_file_get_contents(path, &data, &size, NULL))
        return false;
    VipsImage *photo = load(data, size);
    VipsImage *large = photo != NULL ? fit(photo, LARGE_SIDE) : NULL;
    VipsImage *preview = large != NULL ? fit(large, PREVIEW_SIDE) : NULL;
    bool ok = preview != NULL && encode(large, preview);
    g_clear_object(&preview);
    g_clear_object(&large);
    g_clear_object(&photo);
    g_free(data);
    return ok;
}

static int work(atomic_int *next, char *const photos[], int count)
{
    if (VIPS_INIT("vips_chain") != 0)
        return EXIT_FAILURE;
    vips_concurrency_set(1);
    vips_cache_set_max(0);
    for (int i; (i = atomic_fetch_add(next, 1)) < count;) {
        if (!render(photos[i])) {
            fprintf(stderr, "%s: %s\n", photos[i], vips_error_buffer());
            return EXIT_FAILURE;
        }
    }
    return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
    int processes = argc > 2 ? atoi(argv[1]) : 0;
    if (processes < 1) {
        fputs("usage: vips_chain PROCESSES PHOTO...\n", stderr);
        return 2;
    }
    atomic_int *next =
        mmap(NULL, sizeof *next, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (next == MAP_FAILED)
        return EXIT_FAILURE;
    for (int i = 0; i < processes; i++) {
        pid_t pid = fork();
        if (pid < 0)
            return EXIT_FAILURE;
        if (pid == 0)
            _exit(work(next, argv + 2, argc - 2));
    }
    int status, bad = 0;
    while (wait(&status) > 0)
        bad |= status;
    return bad != 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
