#include "datasets/preprocessing/preprocessing.hpp"

#include <charconv>
#include <string_view>
#include <utility>

#include "engine/core/error.hpp"

namespace nibble {
namespace {

constexpr int kLargestSide = 1 << 15;

bool is_side(std::int64_t side) {
    return side >= 1 && side <= kLargestSide;
}

/// "227x227"; nothing for other text.
std::optional<Resize> exact_size(std::string_view text) {
    int height = 0, width = 0;
    const char* end = text.data() + text.size();
    const auto first = std::from_chars(text.data(), end, height);
    if (first.ec != std::errc() || first.ptr == end || *first.ptr != 'x') return std::nullopt;
    const auto second = std::from_chars(first.ptr + 1, end, width);
    if (second.ec != std::errc() || second.ptr != end || !is_side(height) || !is_side(width))
        return std::nullopt;
    return Resize::exact(height, width);
}

Resize resize_from(const Json& value, const std::string& where) {
    if (value.is_number_integer() && is_side(value.get<std::int64_t>()))
        return Resize::shorter(value.get<int>());
    if (value == "none") return {};
    if (value.is_string())
        if (const auto size = exact_size(value.get<std::string>())) return *size;
    throw BadInput(where, "resize", "none, the length of the shorter side, or HEIGHTxWIDTH", value.dump());
}

int crop_from(const Json& value, const std::string& where) {
    if (value == "none") return 0;
    if (value.is_number_integer() && is_side(value.get<std::int64_t>())) return value.get<int>();
    throw BadInput(where, "crop", "none, or the side of the central square", value.dump());
}

template <class T>
T choice(const Json& value, const std::string& key, std::pair<const char*, T> first,
         std::pair<const char*, T> second, const std::string& where) {
    for (const auto& [name, chosen] : {first, second})
        if (value == name) return chosen;
    throw BadInput(where, key, std::string(first.first) + " or " + second.first, value.dump());
}

std::vector<float> numbers_from(const Json& value, const std::string& key, const std::string& where) {
    std::vector<float> numbers;
    for (const Json& number : value)
        if (value.is_array() && number.is_number()) numbers.push_back(number.get<float>());
    if (numbers.empty() || numbers.size() != value.size())
        throw BadInput(where, key, "a list of numbers, one per channel", value.dump());
    return numbers;
}

std::optional<Scaling> scaling_from(const Json& object, const std::string& where) {
    const bool mean = object.contains("mean"), deviation = object.contains("std");
    if (!mean && !deviation && !object.contains("scale")) return std::nullopt;
    if (!mean || !deviation)
        throw BadInput(where +
                       ": mean and std go together, and scale goes with them; state both (0 and 1 change "
                       "nothing)");
    Scaling scaling{numbers_from(object["mean"], "mean", where), numbers_from(object["std"], "std", where)};
    scaling.scale = Fields(object, where).get("scale", scaling.scale);
    try {
        normalization_tables({scaling.mean, scaling.std, scaling.scale},
                             static_cast<int>(scaling.mean.size()));
    } catch (const BadInput& e) {
        throw BadInput(where + ": " + e.what());
    }
    return scaling;
}

/// 0.4914 rather than 0.49140000343322754.
double shortest(float value) {
    char text[32];
    const char* end = std::to_chars(text, text + sizeof text, value).ptr;
    double decimal = 0;
    std::from_chars(text, end, decimal);
    return decimal;
}

Json shortest(const std::vector<float>& values) {
    Json list = Json::array();
    for (const float value : values) list.push_back(shortest(value));
    return list;
}

}  // namespace

StatedPreprocessing StatedPreprocessing::over(const StatedPreprocessing& other) const {
    const auto either = [](const auto& mine, const auto& theirs) { return mine ? mine : theirs; };
    return {either(resize, other.resize),     either(filter, other.filter),
            either(crop, other.crop),         either(crop_offset, other.crop_offset),
            either(channels, other.channels), either(scaling, other.scaling)};
}

Geometry StatedPreprocessing::geometry(Geometry customary) const {
    return {resize.value_or(customary.resize), filter.value_or(customary.filter),
            crop.value_or(customary.crop), crop_offset.value_or(customary.crop_offset)};
}

Normalization StatedPreprocessing::normalization(Normalization customary) const {
    if (scaling) {
        customary.mean = scaling->mean;
        customary.std = scaling->std;
        customary.scale = scaling->scale;
    }
    customary.channels = channels.value_or(customary.channels);
    return customary;
}

StatedPreprocessing preprocessing_from(const Json& object, const std::string& where) {
    Fields fields(object, where);
    StatedPreprocessing stated;
    const auto value = [&](const char* key) { return fields.get(key, Json()); };
    const auto given = [&](const char* key) { return object.contains(key); };
    const Json resize = value("resize"), filter = value("filter"), crop = value("crop"),
               offset = value("crop_offset"), channels = value("channels");
    for (const char* key : {"scale", "mean", "std"}) value(key);
    fields.finish();
    if (given("resize")) stated.resize = resize_from(resize, where);
    if (given("filter"))
        stated.filter = choice<Filter>(filter, "filter", {"bilinear", Filter::bilinear},
                                       {"bicubic", Filter::bicubic}, where);
    if (given("crop")) stated.crop = crop_from(crop, where);
    if (given("crop_offset"))
        stated.crop_offset = choice<CropOffset>(offset, "crop_offset", {"half_even", CropOffset::half_even},
                                                {"down", CropOffset::down}, where);
    if (given("channels"))
        stated.channels = choice<ChannelOrder>(channels, "channels", {"RGB", ChannelOrder::rgb},
                                               {"BGR", ChannelOrder::bgr}, where);
    stated.scaling = scaling_from(object, where);
    return stated;
}

Json to_json(const StatedPreprocessing& stated) {
    const Json geometry = to_json(stated.geometry({})), normalization = to_json(stated.normalization({}));
    Json json = Json::object();
    const auto add = [&](const char* key, bool given, const Json& from) {
        if (given && from.contains(key)) json[key] = from[key];
    };
    add("resize", stated.resize.has_value(), geometry);
    add("filter", stated.filter.has_value(), geometry);
    add("crop", stated.crop.has_value(), geometry);
    add("crop_offset", stated.crop_offset.has_value(), geometry);
    if (stated.channels) json["channels"] = *stated.channels == ChannelOrder::rgb ? "RGB" : "BGR";
    for (const char* key : {"mean", "std", "scale"}) add(key, stated.scaling.has_value(), normalization);
    return json;
}

Json to_json(const Geometry& geometry) {
    const Resize& resize = geometry.resize;
    Json json{{"filter", geometry.filter == Filter::bilinear ? "bilinear" : "bicubic"},
              {"crop_offset", geometry.crop_offset == CropOffset::half_even ? "half_even" : "down"}};
    json["crop"] = geometry.crop ? Json(geometry.crop) : Json("none");
    json["resize"] = resize.kind == Resize::Kind::none ? Json("none")
                     : resize.kind == Resize::Kind::shorter
                         ? Json(resize.height)
                         : Json(std::to_string(resize.height) + "x" + std::to_string(resize.width));
    return json;
}

Json to_json(const Normalization& normalization) {
    Json json{{"mean", shortest(normalization.mean)}, {"std", shortest(normalization.std)}};
    if (normalization.scale != Scaling().scale) json["scale"] = shortest(normalization.scale);
    if (normalization.channels == ChannelOrder::bgr) json["channels"] = "BGR";
    return json;
}

}  // namespace nibble
