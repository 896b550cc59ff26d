#include <tiffio.h>

#include <algorithm>
#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <memory>
#include <vector>

#include "datasets/images/formats.hpp"
#include "engine/core/error.hpp"

namespace nibble {
namespace {

/// A file in memory, and the library's first complaint about it.
struct TiffSource {
    std::string_view bytes;
    std::size_t at = 0;
    std::string complaint = {};
};

TiffSource& source(thandle_t handle) {
    return *static_cast<TiffSource*>(handle);
}

tmsize_t read_some(thandle_t handle, void* to, tmsize_t wanted) {
    TiffSource& from = source(handle);
    const std::size_t left = from.bytes.size() - std::min(from.at, from.bytes.size());
    const std::size_t count = std::min(left, static_cast<std::size_t>(std::max<tmsize_t>(wanted, 0)));
    std::memcpy(to, from.bytes.data() + (from.bytes.size() - left), count);
    from.at += count;
    return static_cast<tmsize_t>(count);
}

tmsize_t write_nothing(thandle_t, void*, tmsize_t) {
    return 0;
}

toff_t seek(thandle_t handle, toff_t offset, int whence) {
    TiffSource& from = source(handle);
    const toff_t base = whence == SEEK_SET ? 0 : whence == SEEK_CUR ? from.at : from.bytes.size();
    return from.at = static_cast<std::size_t>(base + offset);
}

int keep_open(thandle_t) {
    return 0;
}

toff_t size_of(thandle_t handle) {
    return source(handle).bytes.size();
}

int keep_complaint(TIFF*, void* to, const char*, const char* format, va_list values) {
    std::string& complaint = static_cast<TiffSource*>(to)->complaint;
    char text[256];
    std::vsnprintf(text, sizeof text, format, values);
    if (complaint.empty()) complaint = text;
    return 1;  // said here; nothing is printed
}

int pass_over(TIFF*, void*, const char*, const char*, va_list) {
    return 1;
}

struct CloseTiff {
    void operator()(TIFF* tiff) const { TIFFClose(tiff); }
    void operator()(TIFFOpenOptions* options) const { TIFFOpenOptionsFree(options); }
};
using TiffFile = std::unique_ptr<TIFF, CloseTiff>;

/// Nothing when it is none. Allocations stay in proportion to the largest image.
TiffFile open_tiff(TiffSource& from) {
    const std::unique_ptr<TIFFOpenOptions, CloseTiff> options(TIFFOpenOptionsAlloc());
    TIFFOpenOptionsSetMaxSingleMemAlloc(options.get(), 4 * kLargestImage);
    TIFFOpenOptionsSetErrorHandlerExtR(options.get(), keep_complaint, &from);
    TIFFOpenOptionsSetWarningHandlerExtR(options.get(), pass_over, &from);
    return TiffFile(TIFFClientOpenExt("image", "rm", &from, read_some, write_nothing, seek, keep_open,
                                      size_of, nullptr, nullptr, options.get()));
}

/// Of a field that the file may leave out; T is the type that the library writes.
template <class T>
T field(TIFF* tiff, ttag_t tag) {
    T value = 0;
    TIFFGetFieldDefaulted(tiff, tag, &value);
    return value;
}

/// Whether PIL and the library mean the same colours.
bool is_plain(TIFF* tiff) {
    const auto colours = field<std::uint16_t>(tiff, TIFFTAG_PHOTOMETRIC);
    const auto known = {PHOTOMETRIC_MINISBLACK, PHOTOMETRIC_MINISWHITE, PHOTOMETRIC_RGB, PHOTOMETRIC_PALETTE,
                        PHOTOMETRIC_YCBCR};
    std::uint16_t extra = 0;
    const std::uint16_t* kinds = nullptr;
    TIFFGetFieldDefaulted(tiff, TIFFTAG_EXTRASAMPLES, &extra, &kinds);
    return std::find(known.begin(), known.end(), colours) != known.end() && extra == 0 &&
           field<std::uint16_t>(tiff, TIFFTAG_BITSPERSAMPLE) <= 8 &&
           field<std::uint16_t>(tiff, TIFFTAG_ORIENTATION) == ORIENTATION_TOPLEFT;
}

}  // namespace

Image decode_tiff(std::string_view bytes, const std::string& where) {
    TiffSource from{bytes};
    const TiffFile tiff = open_tiff(from);
    const auto refuse = [&](const std::string& why) {
        throw BadInput(where + ": is damaged (" + why + "); replace or remove the file");
    };
    if (!tiff) refuse(from.complaint.empty() ? "TIFF" : from.complaint);
    char why[1024] = "";
    if (!is_plain(tiff.get()) || !TIFFRGBAImageOK(tiff.get(), why))
        throw BadInput(where +
                       ": is a TIFF with more than 8 bits, transparency, rotation or other colours than grey "
                       "and RGB; convert it");
    Image image = new_rgb_image(field<std::uint32_t>(tiff.get(), TIFFTAG_IMAGELENGTH),
                                field<std::uint32_t>(tiff.get(), TIFFTAG_IMAGEWIDTH), where);
    std::vector<std::uint32_t> raster(image.shape().count() / 3);
    constexpr int kStopAtErrors = 1;
    if (!TIFFReadRGBAImageOriented(tiff.get(), static_cast<std::uint32_t>(image.width),
                                   static_cast<std::uint32_t>(image.height), raster.data(),
                                   ORIENTATION_TOPLEFT, kStopAtErrors) ||
        !from.complaint.empty())
        refuse(from.complaint.empty() ? "TIFF" : from.complaint);
    for (std::size_t p = 0; p < raster.size(); ++p) {
        image.pixels[3 * p] = static_cast<std::uint8_t>(TIFFGetR(raster[p]));
        image.pixels[3 * p + 1] = static_cast<std::uint8_t>(TIFFGetG(raster[p]));
        image.pixels[3 * p + 2] = static_cast<std::uint8_t>(TIFFGetB(raster[p]));
    }
    return image;
}

}  // namespace nibble
