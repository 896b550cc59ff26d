#include "datasets/decode.hpp"

#include <opencv2/core.hpp>
#include <opencv2/imgcodecs.hpp>
#include <optional>

#include "datasets/bounded_file.hpp"
#include "engine/core/error.hpp"

namespace nibble {
namespace {

constexpr std::string_view kPngSignature{"\x89PNG\r\n\x1a\n", 8};
constexpr std::string_view kPngEnd{"IEND\xae\x42\x60\x82", 8};  // last chunk's type and checksum

/// What a file says of itself before decoding.
struct Header {
    std::int64_t height, width;
    bool complete;  // the end marker is there: libjpeg would fill a truncated picture up with grey
};

std::int64_t big_endian(std::string_view bytes, std::size_t offset, int count) {
    std::int64_t value = 0;
    for (int i = 0; i < count; ++i)
        value = value << 8 | static_cast<unsigned char>(bytes[offset + static_cast<std::size_t>(i)]);
    return value;
}

std::optional<Header> png_header(std::string_view bytes) {
    if (bytes.size() < 33 || bytes.substr(12, 4) != "IHDR") return {};
    return Header{big_endian(bytes, 20, 4), big_endian(bytes, 16, 4), bytes.rfind(kPngEnd) != bytes.npos};
}

/// Walks the segments (FF, marker, 16-bit length) up to the start of the scan; SOF segments hold the size.
/// ITU-T T.81, annex B.
std::optional<Header> jpeg_header(std::string_view bytes) {
    std::optional<Header> header;
    std::size_t at = 2;
    while (at + 4 <= bytes.size()) {
        if (bytes[at] != '\xff') return {};
        const auto marker = static_cast<unsigned char>(bytes[at + 1]);
        if (marker == 0xff || marker == 0x01 || (marker >= 0xd0 && marker <= 0xd7)) {  // padding, no payload
            at += marker == 0xff ? 1 : 2;
            continue;
        }
        const auto length = static_cast<std::size_t>(big_endian(bytes, at + 2, 2));
        const bool is_size =
            marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc;
        if (is_size && length >= 8 && at + 9 <= bytes.size())
            header = Header{big_endian(bytes, at + 5, 2), big_endian(bytes, at + 7, 2), false};
        if (marker == 0xda) {
            if (header) header->complete = bytes.find("\xff\xd9", at) != bytes.npos;
            return header;
        }
        at += 2 + length;
    }
    return header;
}

Header checked_header(std::string_view bytes, const std::string& where) {
    std::optional<Header> header;
    if (bytes.starts_with(kPngSignature))
        header = png_header(bytes);
    else if (bytes.starts_with("\xff\xd8"))
        header = jpeg_header(bytes);
    else
        throw BadInput(where + ": is neither JPEG nor PNG; convert or remove it");
    if (!header) throw BadInput(where + ": its header is damaged; replace or remove the file");
    if (!header->complete)
        throw BadInput(where + ": is truncated (no end marker); replace or remove the file");
    if (header->height < 1 || header->width < 1 || header->height > kLargestImage / header->width)
        throw BadInput(where, "size in pixels", "1 to " + std::to_string(kLargestImage),
                       std::to_string(header->height) + "x" + std::to_string(header->width));
    return *header;
}

}  // namespace

Image decode_image(std::string_view bytes, const std::string& where) {
    const Header header = checked_header(bytes, where);
    cv::Mat bgr;
    try {
        const cv::Mat encoded(1, static_cast<int>(bytes.size()), CV_8U, const_cast<char*>(bytes.data()));
        bgr = cv::imdecode(encoded, cv::IMREAD_COLOR | cv::IMREAD_IGNORE_ORIENTATION);
    } catch (const cv::Exception& error) {
        throw BadInput(where + ": does not decode (" + error.err + "); replace or remove the file");
    }
    if (bgr.empty() || bgr.type() != CV_8UC3 || bgr.rows != header.height || bgr.cols != header.width)
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

Image decode_image_file(const std::filesystem::path& path) {
    return decode_image(read_at_most(path, std::uintmax_t{256} << 20), path.string());
}

}  // namespace nibble
