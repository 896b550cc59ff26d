#include "datasets/images/decode.hpp"

#include <algorithm>
#include <opencv2/core.hpp>
#include <opencv2/imgcodecs.hpp>

#include "datasets/images/formats.hpp"
#include "datasets/images/image_check.hpp"
#include "engine/core/error.hpp"
#include "engine/core/file.hpp"

namespace nibble {
namespace {

constexpr std::string_view kPngSignature = "\x89PNG\r\n\x1a\n";
constexpr std::size_t kPngDepth =
    24;  // the byte of the header that holds the bits of a value; the next: its kind

/// A PNG file with the chunks that make its pixels alone: of others OpenCV's decoder prints warnings. A chunk
/// is 4 bytes of length, 4 of type, its data, and 4 of checksum; the type of one that can be left out begins
/// with a small letter. `bytes` has passed check_image().
std::string without_ancillary_chunks(std::string_view bytes) {
    std::string kept(kPngSignature);
    for (std::size_t at = kPngSignature.size(); at + 12 <= bytes.size();) {
        std::size_t length = 0;
        for (std::size_t i = 0; i < 4; ++i) length = length << 8 | static_cast<unsigned char>(bytes[at + i]);
        const std::string_view chunk = bytes.substr(at, length + 12);
        if (!(chunk[4] & 0x20)) kept += chunk;
        at += chunk.size();
    }
    return kept;
}

/// By OpenCV, which has passed other libraries' complaints over, so check_image() asks them first.
Image decode_jpeg_or_png(std::string_view bytes, const std::string& where) {
    const ImageSize size = check_image(bytes, kLargestImage, where);
    std::string pixels_only;
    if (bytes.starts_with(kPngSignature)) {
        if (bytes[kPngDepth] == 16 && bytes[kPngDepth + 1] == 0)
            throw BadInput(
                where + ": is a grey PNG of 16 bits, whose values PIL cuts off at 255; convert it to 8 bits");
        bytes = pixels_only = without_ancillary_chunks(bytes);
    }
    cv::Mat bgr;
    try {
        const cv::Mat encoded(1, static_cast<int>(bytes.size()), CV_8U, const_cast<char*>(bytes.data()));
        bgr = cv::imdecode(encoded, cv::IMREAD_COLOR | cv::IMREAD_IGNORE_ORIENTATION);
    } catch (const cv::Exception& error) {
        throw BadInput(where + ": does not decode (" + error.err + "); replace or remove the file");
    }
    if (bgr.empty() || bgr.type() != CV_8UC3 || bgr.rows != size.height || bgr.cols != size.width)
        throw BadInput(where + ": does not decode; replace or remove the file");
    Image image{bgr.rows, bgr.cols, 3, {}};
    image.pixels.reserve(image.shape().count());
    for (int y = 0; y < bgr.rows; ++y)
        for (int x = 0; x < bgr.cols; ++x) {
            const auto& pixel = bgr.at<cv::Vec3b>(y, x);
            image.pixels.insert(image.pixels.end(), {pixel[2], pixel[1], pixel[0]});
        }
    return image;
}

}  // namespace

Image decode_image(std::string_view bytes, const std::string& where) {
    if (bytes.starts_with("BM")) return decode_bmp(bytes, where);
    if (bytes.starts_with("GIF8")) return decode_gif(bytes, where);
    if (bytes.starts_with("RIFF") && bytes.size() > 12 && bytes.substr(8, 4) == "WEBP")
        return decode_webp(bytes, where);
    if (bytes.starts_with(std::string_view("II*\0", 4)) || bytes.starts_with(std::string_view("MM\0*", 4)))
        return decode_tiff(bytes, where);
    return decode_jpeg_or_png(bytes, where);
}

bool has_image_extension(const std::filesystem::path& path) {
    std::string extension = path.extension().string();
    for (char& c : extension)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    const auto known = {".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff", ".gif"};
    return std::any_of(known.begin(), known.end(), [&](const char* name) { return extension == name; });
}

Image decode_image_file(const std::filesystem::path& path) {
    return decode_image(read_file(path, kLargestImageFile), path.string());
}

}  // namespace nibble
