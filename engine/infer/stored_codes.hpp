// Codes, steps and quantizers in a safetensors file: what files of integer and of quantized networks have in common.
//
//     <prefix>codes U8 (packing.hpp), <prefix>steps F32, with group scales <prefix>multipliers U8; for each further term
//     of a sum <prefix>term2.outputs U32 (the channels it is for), .codes and .steps
#pragma once

#include <cstring>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "engine/core/error.hpp"
#include "engine/core/json.hpp"
#include "engine/io/safetensors.hpp"
#include "engine/quant/quantized.hpp"

namespace nibble {

/// A list as a tensor of rank 1.
template <class T>
StoredTensor stored(const char* dtype, const std::vector<T>& values) {
    StoredTensor tensor{dtype, {values.size()}, {}};
    const auto bytes = std::as_bytes(std::span(values));
    tensor.bytes.assign(bytes.begin(), bytes.end());
    return tensor;
}

/// Takes the tensors of a file out one by one. `where` begins messages.
class StoredTensors {
  public:
    StoredTensors(const Safetensors& file, std::string where);

    /// Throws BadInput for a tensor that is not there or of another type.
    template <class T>
    std::vector<T> take(const std::string& name, const char* dtype) {
        const StoredTensor& tensor = find(name, dtype);
        std::vector<T> values(tensor.bytes.size() / sizeof(T));
        if (!values.empty()) std::memcpy(values.data(), tensor.bytes.data(), values.size() * sizeof(T));
        return values;
    }
    /// The same, with its shape.
    Array<float> take_array(const std::string& name);
    /// Throws BadInput if one was not taken.
    void finish() const;
    const std::string& where() const { return where_; }

  private:
    const StoredTensor& find(const std::string& name, const char* dtype);

    const Safetensors& file_;
    std::string where_;
    std::set<std::string> unused_;
};

/// In front of the tensors of an extra term: "004.term2.", the codes without a prefix being the first term.
std::string term_prefix(const std::string& prefix, std::size_t extra);

void store(const QuantizedWeights& weights, const std::string& prefix, Safetensors& file);
/// `weights` has its scheme and shape. Throws BadInput for sizes that do not fit.
void take(StoredTensors& tensors, const std::string& prefix, QuantizedWeights& weights);

/// {"scheme", "rounding", "multiplier", "step"}; multipliers by channel are a tensor of their own, F32.
Json to_json(const Quantizer& quantizer);
Quantizer quantizer_from(const Json& json, StoredTensors& tensors, const std::string& multipliers);

}  // namespace nibble
