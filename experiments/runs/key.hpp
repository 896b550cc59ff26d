// The key of a result: equal keys mean equal bits, so a result whose key is today's need not be computed
// again.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "experiments/pipeline/run_config.hpp"
#include "experiments/support/json_fwd.hpp"

namespace nibble {

/// Digests of the five things that decide a result. They are stored one by one, so that staleness can be
/// explained.
struct KeyParts {
    std::string config;    ///< of the resolved configuration
    std::string data;      ///< of describe(data)
    std::string parent;    ///< of the weights a run starts from; empty when it starts from random numbers
    std::string numerics;  ///< of the golden entries that pin the arithmetic this run uses
    /// Of the graph that the model's name stands for; empty in results that are older than this part.
    std::string network;

    /// SHA-256 over all.
    std::string key() const;
    /// "config, numerics": the parts in which the two differ.
    std::string difference(const KeyParts& other) const;
};

/// For both directions (experiments/support/json_fields.hpp).
template <class Archive>
void fields(Archive& a, KeyParts& parts) {
    a.field("config", parts.config);
    a.field("data", parts.data);
    a.field("parent", parts.parent);
    a.field("numerics", parts.numerics);
    a.may_lack("network", parts.network);
}

/// Digest of the golden entries for what a configuration computes with, of `golden`/training.json or
/// post_training.json: a change of bits in bf16 training leaves f32 results fresh. Throws IoError or BadInput
/// when the file or an entry is missing.
std::string numerics_digest(const std::filesystem::path& golden, const RunConfig& config);

/// Digest of the network that a configuration names, with its usual input and classes: what the data makes of
/// them, the data's digest knows. Nothing where an ONNX file that describes it is not here.
std::optional<std::string> network_digest(const RunConfig& config);

}  // namespace nibble
