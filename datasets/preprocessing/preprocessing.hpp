// What is said of how images become a network's inputs: geometry (geometry.hpp), then normalization
// (normalization.hpp). Command lines, files and metadata each say some of it; what nobody says is customary for the
// data set.
//
// As JSON, every key optional, but mean and std are given together and scale (255 if left out) only with them:
//
//     {"resize": "none" | 256 | "227x227", "filter": "bilinear" | "bicubic", "crop": "none" | 224,
//      "crop_offset": "half_even" | "down", "channels": "RGB" | "BGR", "scale": 255, "mean": [...], "std": [...]}
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "datasets/preprocessing/geometry.hpp"
#include "datasets/preprocessing/normalization.hpp"
#include "engine/core/json.hpp"

namespace nibble {

/// These three belong together: a mean is in units of the scale.
struct Scaling {
    std::vector<float> mean, std;
    float scale = 255;
    friend bool operator==(const Scaling&, const Scaling&) = default;
};

struct StatedPreprocessing {
    std::optional<Resize> resize;
    std::optional<Filter> filter;
    std::optional<int> crop;  ///< 0: none
    std::optional<CropOffset> crop_offset;
    std::optional<ChannelOrder> channels;
    std::optional<Scaling> scaling;
    friend bool operator==(const StatedPreprocessing&, const StatedPreprocessing&) = default;

    bool states_geometry() const { return resize || filter || crop || crop_offset; }
    bool states_normalization() const { return channels || scaling; }

    /// This, and where it says nothing, `other`.
    StatedPreprocessing over(const StatedPreprocessing& other) const;
    Geometry geometry(Geometry customary) const;
    Normalization normalization(Normalization customary) const;
};

/// Throws BadInput, which begins with `where`, for unknown keys and values.
StatedPreprocessing preprocessing_from(const Json& object, const std::string& where);

/// The inverse: what is stated, and no more.
Json to_json(const StatedPreprocessing& stated);

/// {"resize", "filter", "crop", "crop_offset"}
Json to_json(const Geometry& geometry);

/// {"mean": [..], "std": [..]}, in the shortest decimals that mean the same floats; "scale" and "channels" where
/// they are not 255 and RGB.
Json to_json(const Normalization& normalization);

}  // namespace nibble
