#include <gif_lib.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <vector>

#include "datasets/images/formats.hpp"
#include "engine/core/error.hpp"

namespace nibble {
namespace {

int take(GifFileType* gif, GifByteType* to, int wanted) {
    auto& left = *static_cast<std::string_view*>(gif->UserData);
    const std::size_t count = std::min(left.size(), static_cast<std::size_t>(wanted));
    std::memcpy(to, left.data(), count);
    left.remove_prefix(count);
    return static_cast<int>(count);
}

struct Close {
    void operator()(GifFileType* gif) const { DGifCloseFile(gif, nullptr); }
};

class GifReader {
  public:
    GifReader(std::string_view bytes, const std::string& where) : left_(bytes), where_(where) {
        gif_.reset(DGifOpen(&left_, take, nullptr));
        if (!gif_) refuse("no whole header");
    }

    /// The first frame; the others are only read to the end of the file.
    Image read() {
        Image first;
        for (;;) {
            GifRecordType type = UNDEFINED_RECORD_TYPE;
            require(DGifGetRecordType(gif_.get(), &type));
            if (type == TERMINATE_RECORD_TYPE) break;
            if (type == EXTENSION_RECORD_TYPE)
                skip_extension();
            else if (type == IMAGE_DESC_RECORD_TYPE && first.pixels.empty())
                first = frame();
            else if (type == IMAGE_DESC_RECORD_TYPE)
                skip_frame();
        }
        if (first.pixels.empty()) refuse("it has no picture");
        return first;
    }

  private:
    [[noreturn]] void refuse(const std::string& why) const {
        throw BadInput(where_ + ": is damaged (" + why + "); replace or remove the file");
    }

    void require(int status) const {
        if (status == GIF_ERROR) {
            const char* text = GifErrorString(gif_->Error);
            refuse(text ? text : "it ends too early");
        }
    }

    void skip_extension() {
        int code = 0;
        GifByteType* block = nullptr;
        require(DGifGetExtension(gif_.get(), &code, &block));
        while (block) require(DGifGetExtensionNext(gif_.get(), &block));
    }

    void skip_frame() {
        require(DGifGetImageDesc(gif_.get()));
        int bits = 0;
        GifByteType* block = nullptr;
        require(DGifGetCode(gif_.get(), &bits, &block));
        while (block) require(DGifGetCodeNext(gif_.get(), &block));
    }

    Image frame() {
        require(DGifGetImageDesc(gif_.get()));
        const GifImageDesc& desc = gif_->Image;
        if (desc.Left || desc.Top || desc.Width != gif_->SWidth || desc.Height != gif_->SHeight)
            throw BadInput(where_ + ": has a first frame that does not fill the picture; convert it");
        Image image = new_rgb_image(desc.Height, desc.Width, where_);
        const ColorMapObject* palette = desc.ColorMap ? desc.ColorMap : gif_->SColorMap;
        if (!palette) refuse("it has no palette");
        // Interlaced: every eighth row, those halfway between them, and so on.
        static constexpr int kFirst[] = {0, 4, 2, 1}, kStep[] = {8, 8, 4, 2};
        if (desc.Interlace)
            for (int pass = 0; pass < 4; ++pass)
                for (int y = kFirst[pass]; y < desc.Height; y += kStep[pass]) read_row(image, y, *palette);
        else
            for (int y = 0; y < desc.Height; ++y) read_row(image, y, *palette);
        return image;
    }

    void read_row(Image& image, int y, const ColorMapObject& palette) {
        row_.resize(static_cast<std::size_t>(image.width));
        require(DGifGetLine(gif_.get(), row_.data(), image.width));
        std::uint8_t* out = &image.pixels[static_cast<std::size_t>(y) * row_.size() * 3];
        for (const GifPixelType index : row_) {
            if (index >= palette.ColorCount) refuse("a colour that the palette lacks");
            const GifColorType& colour = palette.Colors[index];
            for (const GifByteType value : {colour.Red, colour.Green, colour.Blue}) *out++ = value;
        }
    }

    std::string_view left_;
    const std::string& where_;
    std::unique_ptr<GifFileType, Close> gif_;
    std::vector<GifPixelType> row_;
};

}  // namespace

Image decode_gif(std::string_view bytes, const std::string& where) {
    return GifReader(bytes, where).read();
}

}  // namespace nibble
