#include "experiments/runs/cell.hpp"

#include <algorithm>
#include <charconv>
#include <vector>

#include "datasets/catalog.hpp"
#include "engine/core/error.hpp"

namespace nibble {

namespace fs = std::filesystem;

namespace {
std::vector<std::string> split(const std::string& text, const std::string& separator) {
    std::vector<std::string> parts;
    std::size_t begin = 0;
    for (std::size_t end; (end = text.find(separator, begin)) != std::string::npos;
         begin = end + separator.size())
        parts.push_back(text.substr(begin, end - begin));
    parts.push_back(text.substr(begin));
    return parts;
}

bool alphanumeric(char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

bool is_part(const std::string& part) {
    const auto allowed = [](char c) { return alphanumeric(c) || c == '.' || c == '_' || c == '-'; };
    return !part.empty() && alphanumeric(part.front()) && part.back() != '-' &&
           std::all_of(part.begin(), part.end(), allowed);
}
}  // namespace

std::string Cell::leaf() const {
    return model + "--" + data + "--" + method + "--s" + std::to_string(seed);
}

Cell cell_from(const std::string& name) {
    const auto refuse = [&]() -> Cell {
        throw BadInput(
            "'" + name +
            "' is not the name of a cell; they look like baseline/resnet20-w1.0--cifar10--f32--s0");
    };
    const std::size_t slash = name.find('/');
    if (slash == std::string::npos) return refuse();
    Cell cell;
    cell.experiment = name.substr(0, slash);
    const std::vector<std::string> parts = split(name.substr(slash + 1), "--");
    if (parts.size() != 4 || !is_part(cell.experiment) || !std::all_of(parts.begin(), parts.end(), is_part))
        return refuse();
    cell.model = parts[0];
    cell.data = parts[1];
    cell.method = parts[2];
    const std::string& seed = parts[3];
    const char* end = seed.data() + seed.size();
    const auto [stop, error] = std::from_chars(seed.data() + 1, end, cell.seed);
    if (seed.front() != 's' || error != std::errc() || stop != end || cell.name() != name) return refuse();
    return cell;
}

bool is_file(const std::string& source) {
    const auto known = {".safetensors", ".pth", ".pt", ".th", ".onnx"};
    return std::any_of(known.begin(), known.end(), [&](const char* end) { return source.ends_with(end); });
}

fs::path file_of(const std::string& source) {
    return data_root() / source;
}

void check_source(const std::string& source) {
    if (!is_file(source)) {
        cell_from(source);
        return;
    }
    const fs::path path = source;
    if (path.is_absolute() || path.lexically_normal() != path || source.starts_with(".."))
        throw BadInput("parent", "file", "a path below NIBBLE_DATA", "'" + source + "'");
}

}  // namespace nibble
