// The C functions of nibble.h for C++11 and later: a network is an object, a failure an exception of the caller's own
// standard library.
#pragma once

#include <nibble/nibble.h>

#include <cstddef>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace nibble {

inline void require_ok(std::int32_t status) {
    if (status != NIBBLE_OK) throw std::runtime_error(nibble_last_error());
}

/// Moves, does not copy. Several threads may run it. (Nibble's own programs have another class of this name.)
class Network {
  public:
    /// Throws std::runtime_error, as all functions here do, with one line that says what is wrong.
    explicit Network(const std::string& path) {
        nibble_network* network = nullptr;
        require_ok(nibble_load(path.c_str(), &network));
        network_.reset(network);
    }

    nibble_shape input_shape() const {
        nibble_shape shape;
        require_ok(nibble_input_shape(network_.get(), &shape));
        return shape;
    }
    /// Floats of one image.
    std::size_t input_size() const {
        const nibble_shape shape = input_shape();
        return static_cast<std::size_t>(shape.height) * static_cast<std::size_t>(shape.width) *
               static_cast<std::size_t>(shape.channels);
    }
    std::size_t classes() const {
        std::int32_t classes = 0;
        require_ok(nibble_classes(network_.get(), &classes));
        return static_cast<std::size_t>(classes);
    }
    std::string runs_as() const { return text(nibble_runs_as(network_.get())); }
    std::string metadata(const std::string& key) const {
        return text(nibble_metadata(network_.get(), key.c_str()));
    }

    /// n images, normalised, n x height x width x channels; gives n x classes logits.
    std::vector<float> run(const std::vector<float>& images) const {
        std::vector<float> logits(images.size() / input_size() * classes());
        require_ok(nibble_run(network_.get(), images.data(), images.size(), logits.data(), logits.size()));
        return logits;
    }

  private:
    static std::string text(const char* found) {
        if (!found) throw std::runtime_error(nibble_last_error());
        return found;
    }

    struct Free {
        void operator()(nibble_network* network) const { nibble_free(network); }
    };
    std::unique_ptr<nibble_network, Free> network_;
};

}  // namespace nibble
