#include "services/thumbnailer/worker/thumbhash.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { SIDE_MAX = 7, AC_MAX = SIDE_MAX * (SIDE_MAX + 1) / 2 - 1 };
enum { LIGHTNESS, YELLOW_BLUE, RED_GREEN, ALPHA, CHANNELS };

struct channel {
    double *samples; /* width * height */
    double dc, scale;
    double ac[AC_MAX]; /* 0..1, once divided by scale */
    int ac_count;
};

struct average {
    double red, green, blue, alpha; /* 0..1; the colours weighted by alpha */
};

/* Rounds as the published encoder does: halves upwards. */
static uint32_t to_bits(double value)
{
    return (uint32_t)floor(value + 0.5);
}

static struct average average_of(const uint8_t *rgba, size_t count)
{
    struct average sum = {0};

    for (size_t i = 0; i < count; i++, rgba += 4) {
        double alpha = rgba[3] / 255.0;
        sum.red += alpha * rgba[0] / 255;
        sum.green += alpha * rgba[1] / 255;
        sum.blue += alpha * rgba[2] / 255;
        sum.alpha += alpha;
    }
    if (sum.alpha > 0) {
        sum.red /= sum.alpha;
        sum.green /= sum.alpha;
        sum.blue /= sum.alpha;
    }
    sum.alpha /= (double)count;
    return sum;
}

/* The four channels, with transparent pixels laid on the average colour. */
static void split(const uint8_t *rgba, size_t count, const struct average *average,
                  struct channel channel[CHANNELS])
{
    for (size_t i = 0; i < count; i++, rgba += 4) {
        double alpha = rgba[3] / 255.0;
        double red = average->red * (1 - alpha) + alpha * rgba[0] / 255;
        double green = average->green * (1 - alpha) + alpha * rgba[1] / 255;
        double blue = average->blue * (1 - alpha) + alpha * rgba[2] / 255;
        channel[LIGHTNESS].samples[i] = (red + green + blue) / 3;
        channel[YELLOW_BLUE].samples[i] = (red + green) / 2 - blue;
        channel[RED_GREEN].samples[i] = red - green;
        channel[ALPHA].samples[i] = alpha;
    }
}

static void fill_cosines(double *cosine, int length, int frequency)
{
    for (int i = 0; i < length; i++)
        cosine[i] = cos(M_PI / length * frequency * (i + 0.5));
}

static double coefficient(const double *samples, int width, int height, const double *cosine_x,
                          const double *cosine_y)
{
    double sum = 0;

    for (int y = 0; y < height; y++) {
        double row = 0;
        for (int x = 0; x < width; x++)
            row += *samples++ * cosine_x[x];
        sum += row * cosine_y[y];
    }
    return sum / width / height;
}

/* The coefficients of the upper left triangle of an nx by ny DCT; `cosine` is room for
 * width + height values. */
static void transform(struct channel *channel, int width, int height, int nx, int ny,
                      double *cosine)
{
    double *cosine_x = cosine, *cosine_y = cosine + width;

    for (int cy = 0; cy < ny; cy++) {
        fill_cosines(cosine_y, height, cy);
        for (int cx = 0; cx * ny < nx * (ny - cy); cx++) {
            fill_cosines(cosine_x, width, cx);
            double value = coefficient(channel->samples, width, height, cosine_x, cosine_y);
            if (cx == 0 && cy == 0) {
                channel->dc = value;
                continue;
            }
            channel->ac[channel->ac_count++] = value;
            channel->scale = fmax(channel->scale, fabs(value));
        }
    }
    for (int i = 0; channel->scale > 0 && i < channel->ac_count; i++)
        channel->ac[i] = 0.5 + 0.5 / channel->scale * channel->ac[i];
}

static void put_little(uint8_t *out, uint32_t value, size_t n)
{
    for (size_t i = 0; i < n; i++)
        out[i] = (uint8_t)(value >> (8 * i));
}

/* One side of the grid of lightness coefficients: the long side has `most`, the other its share. */
static int grid_side(int side, int longest, int most)
{
    int n = (int)to_bits((double)most * side / longest);
    return n < 1 ? 1 : n;
}

/* The format, from bit 0 of byte 0: lightness 6, two colour differences 6 each, lightness scale 5,
 * alpha flag 1; short side of the lightness grid 3, colour scales 6 each, landscape flag 1; with
 * alpha its mean 4 and scale 4; then 4 for each coefficient. */
static size_t pack(const struct channel channel[CHANNELS], bool has_alpha, bool landscape,
                   int short_side, uint8_t hash[THUMBHASH_MAX])
{
    memset(hash, 0, THUMBHASH_MAX);
    put_little(hash,
               to_bits(63 * channel[LIGHTNESS].dc) |
                   to_bits(31.5 + 31.5 * channel[YELLOW_BLUE].dc) << 6 |
                   to_bits(31.5 + 31.5 * channel[RED_GREEN].dc) << 12 |
                   to_bits(31 * channel[LIGHTNESS].scale) << 18 | (uint32_t)has_alpha << 23,
               3);
    put_little(hash + 3,
               (uint32_t)short_side | to_bits(63 * channel[YELLOW_BLUE].scale) << 3 |
                   to_bits(63 * channel[RED_GREEN].scale) << 9 | (uint32_t)landscape << 15,
               2);
    size_t nibbles = (size_t)2 * 5;
    if (has_alpha) {
        put_little(hash + 5,
                   to_bits(15 * channel[ALPHA].dc) | to_bits(15 * channel[ALPHA].scale) << 4, 1);
        nibbles += 2;
    }
    for (int c = 0; c < (has_alpha ? CHANNELS : ALPHA); c++)
        for (int i = 0; i < channel[c].ac_count; i++, nibbles++)
            hash[nibbles / 2] |= (uint8_t)(to_bits(15 * channel[c].ac[i]) << (nibbles % 2 * 4));
    return (nibbles + 1) / 2;
}

size_t thumbhash_encode(const uint8_t *rgba, int width, int height, uint8_t hash[THUMBHASH_MAX])
{
    size_t count = (size_t)width * (size_t)height;
    struct channel channel[CHANNELS] = {0};
    double *memory = calloc(CHANNELS * count + (size_t)width + (size_t)height, sizeof *memory);

    if (memory == NULL)
        return 0;
    for (int c = 0; c < CHANNELS; c++)
        channel[c].samples = memory + (size_t)c * count;
    double *cosine = memory + CHANNELS * count;

    struct average average = average_of(rgba, count);
    split(rgba, count, &average, channel);

    bool has_alpha = average.alpha < 1;
    int longest = width > height ? width : height;
    int most = has_alpha ? 5 : SIDE_MAX;
    int lx = grid_side(width, longest, most), ly = grid_side(height, longest, most);
    transform(&channel[LIGHTNESS], width, height, lx < 3 ? 3 : lx, ly < 3 ? 3 : ly, cosine);
    transform(&channel[YELLOW_BLUE], width, height, 3, 3, cosine);
    transform(&channel[RED_GREEN], width, height, 3, 3, cosine);
    if (has_alpha)
        transform(&channel[ALPHA], width, height, 5, 5, cosine);
    free(memory);

    bool landscape = width > height;
    return pack(channel, has_alpha, landscape, landscape ? ly : lx, hash);
}
