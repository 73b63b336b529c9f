// A peer of the thumbnailer: the same renditions by sharp, as its users would ask for them, two photos in flight.
//
//     node sharp.js PHOTO...
'use strict';

const { readFile } = require('node:fs/promises');
const sharp = require('sharp');

const IN_FLIGHT = 2;
const photos = process.argv.slice(2);
sharp.concurrency(1);
sharp.cache(false);

async function render(path) {
    const bytes = await readFile(path);
    const fit = side => sharp(bytes).rotate()
        .resize(side, side, { fit: 'inside', withoutEnlargement: true });
    await fit(320).webp({ quality: 75, effort: 2 }).toBuffer();
    await fit(1600).jpeg({ quality: 82 }).toBuffer();
}

async function work() {
    while (photos.length > 0)
        await render(photos.shift());
}

Promise.all(Array.from({ length: IN_FLIGHT }, work)).catch(error => {
    console.error(error.message);
    process.exitCode = 1;
});
