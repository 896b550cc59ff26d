#include "datasets/images/image_check.hpp"

#include <png.h>

#include <algorithm>
#include <csetjmp>
#include <cstddef>
#include <cstdio>
#include <cstring>
#include <vector>

// jpeglib.h wants what stands above it.
#include <jpeglib.h>

#include "engine/core/error.hpp"

namespace nibble {
namespace {

/// What both formats say; the libraries leave by longjmp, so nothing below them may have a destructor.
struct Reading {
    std::string_view bytes;
    std::int64_t most_pixels;
    ImageSize size{0, 0};
    char complaint[JMSG_LENGTH_MAX] = "";
    std::vector<unsigned char> row = {};

    bool small_enough() const { return size.height <= most_pixels / std::max<std::int64_t>(size.width, 1); }
};

// ---- JPEG

/// A small file may hold so many passes over a large image that decoding it takes hours.
constexpr int kMostScans = 1000;

struct JpegErrors {
    jpeg_error_mgr base;  // first: libjpeg knows this part
    Reading* reading;
    std::jmp_buf leave;
};

void jpeg_refuse(j_common_ptr decoder) {
    auto* errors = reinterpret_cast<JpegErrors*>(decoder->err);
    errors->base.format_message(decoder, errors->reading->complaint);
    std::longjmp(errors->leave, 1);
}

void jpeg_message(j_common_ptr decoder, int level) {
    if (level < 0) jpeg_refuse(decoder);  // a warning: the data is corrupt; others only tell what is there
}

void jpeg_count_scans(j_common_ptr decoder) {
    if (reinterpret_cast<j_decompress_ptr>(decoder)->input_scan_number <= kMostScans) return;
    auto* errors = reinterpret_cast<JpegErrors*>(decoder->err);
    std::snprintf(errors->reading->complaint, sizeof errors->reading->complaint, "more than %d scans",
                  kMostScans);
    std::longjmp(errors->leave, 1);
}

/// At an eighth of its size: all data is decoded, few pixels are computed.
bool read_jpeg(Reading& reading) {
    jpeg_decompress_struct decoder{};
    jpeg_progress_mgr progress{};
    JpegErrors errors{};
    decoder.err = jpeg_std_error(&errors.base);
    errors.base.error_exit = jpeg_refuse;
    errors.base.emit_message = jpeg_message;
    errors.reading = &reading;
    if (setjmp(errors.leave)) {
        jpeg_destroy_decompress(&decoder);
        return false;
    }
    jpeg_create_decompress(&decoder);
    progress.progress_monitor = jpeg_count_scans;
    decoder.progress = &progress;
    jpeg_mem_src(&decoder, reinterpret_cast<const unsigned char*>(reading.bytes.data()),
                 reading.bytes.size());
    jpeg_read_header(&decoder, TRUE);
    reading.size = {decoder.image_height, decoder.image_width};
    if (reading.small_enough()) {
        decoder.scale_num = 1;
        decoder.scale_denom = 8;
        decoder.out_color_space = decoder.jpeg_color_space;
        decoder.do_fancy_upsampling = FALSE;
        jpeg_start_decompress(&decoder);
        reading.row.resize(std::size_t{decoder.output_width} *
                           static_cast<std::size_t>(decoder.output_components));
        JSAMPROW row = reading.row.data();
        while (decoder.output_scanline < decoder.output_height) jpeg_read_scanlines(&decoder, &row, 1);
        jpeg_finish_decompress(&decoder);
    }
    jpeg_destroy_decompress(&decoder);
    return true;
}

// ---- PNG

void png_refuse(png_structp decoder, png_const_charp what) {
    auto* reading = static_cast<Reading*>(png_get_error_ptr(decoder));
    std::snprintf(reading->complaint, sizeof reading->complaint, "%s", what);
    png_longjmp(decoder, 1);
}

void png_pass_over(png_structp, png_const_charp) {}

void png_take(png_structp decoder, png_bytep to, std::size_t count) {
    auto& rest = static_cast<Reading*>(png_get_io_ptr(decoder))->bytes;
    if (rest.size() < count) png_error(decoder, "it ends too early");
    std::memcpy(to, rest.data(), count);
    rest.remove_prefix(count);
}

bool read_png(Reading& reading) {
    png_structp decoder = png_create_read_struct(PNG_LIBPNG_VER_STRING, &reading, png_refuse, png_pass_over);
    png_infop info = decoder ? png_create_info_struct(decoder) : nullptr;
    if (!info || setjmp(png_jmpbuf(decoder))) {
        png_destroy_read_struct(&decoder, &info, nullptr);
        return false;
    }
    png_set_read_fn(decoder, &reading, png_take);
    png_read_info(decoder, info);
    reading.size = {png_get_image_height(decoder, info), png_get_image_width(decoder, info)};
    if (reading.small_enough()) {
        const int passes = png_set_interlace_handling(decoder);
        reading.row.resize(png_get_rowbytes(decoder, info));
        for (int pass = 0; pass < passes; ++pass)
            for (std::int64_t y = 0; y < reading.size.height; ++y)
                png_read_row(decoder, reading.row.data(), nullptr);
        png_read_end(decoder, nullptr);
    }
    png_destroy_read_struct(&decoder, &info, nullptr);
    return true;
}

}  // namespace

ImageSize check_image(std::string_view bytes, std::int64_t most_pixels, const std::string& where) {
    Reading reading{bytes, most_pixels};
    const bool png = bytes.starts_with("\x89PNG\r\n\x1a\n");
    if (!png && !bytes.starts_with("\xff\xd8"))
        throw BadInput(where + ": is none of JPEG, PNG, WebP, BMP, TIFF and GIF; convert or remove it");
    if (!(png ? read_png(reading) : read_jpeg(reading)))
        throw BadInput(where + ": is damaged (" + reading.complaint + "); replace or remove the file");
    if (!reading.small_enough())
        throw BadInput(where, "size in pixels", "1 to " + std::to_string(most_pixels),
                       std::to_string(reading.size.height) + "x" + std::to_string(reading.size.width));
    return reading.size;
}

}  // namespace nibble
