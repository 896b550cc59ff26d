// The C functions: checks of pointers, a floating-point state of our own, and no exception past them.
#include <nibble/nibble.h>
#include <xmmintrin.h>

#include <cstdio>
#include <exception>
#include <new>
#include <string>

#include "engine/api/network.hpp"
#include "engine/core/error.hpp"
#include "engine/core/parallel.hpp"

struct nibble_network {
    nibble::api::Network network;
};

namespace {

/// Of fixed size, so that being out of memory can be said, too.
thread_local char last_error[1024];

std::int32_t failed(std::int32_t status, const char* text) {
    std::snprintf(last_error, sizeof last_error, "%s", text);
    return status;
}

/// Rounding and denormals as all results are defined; the caller gets its own back.
class FloatState {
  public:
    FloatState() : callers_(_mm_getcsr()) {
        constexpr unsigned kRoundToNearestNoTraps = 0x1f80;
        _mm_setcsr(kRoundToNearestNoTraps);
        nibble::flush_denormals();
    }
    ~FloatState() { _mm_setcsr(callers_); }
    FloatState(const FloatState&) = delete;
    FloatState& operator=(const FloatState&) = delete;

  private:
    unsigned callers_;
};

template <class Body>
std::int32_t guarded(Body body) noexcept {
    const FloatState state;
    try {
        body();
        return NIBBLE_OK;
    } catch (const nibble::BadInput& e) {
        return failed(NIBBLE_BAD_INPUT, e.what());
    } catch (const nibble::IoError& e) {
        return failed(NIBBLE_IO_ERROR, e.what());
    } catch (const nibble::Unsupported& e) {
        return failed(NIBBLE_UNSUPPORTED, e.what());
    } catch (const std::bad_alloc&) {
        return failed(NIBBLE_FAILED, "out of memory");
    } catch (const std::exception& e) {
        return failed(NIBBLE_FAILED, e.what());
    } catch (...) {
        return failed(NIBBLE_FAILED, "unknown error");
    }
}

void require(const void* pointer, const char* name) {
    if (!pointer) throw nibble::BadInput(std::string(name) + ": is a null pointer");
}

const nibble::api::Network& checked(const nibble_network* network) {
    require(network, "network");
    return network->network;
}

}  // namespace

std::int32_t nibble_abi_version(void) {
    return NIBBLE_ABI_VERSION;
}

const char* nibble_last_error(void) {
    return last_error;
}

std::int32_t nibble_set_threads(std::int32_t threads) {
    return guarded([&] { nibble::set_threads(threads); });
}

std::int32_t nibble_load(const char* path, nibble_network** network) {
    return guarded([&] {
        require(network, "network");
        *network = nullptr;
        require(path, "path");
        *network = new nibble_network{nibble::api::Network(path)};
    });
}

void nibble_free(nibble_network* network) {
    delete network;
}

std::int32_t nibble_input_shape(const nibble_network* network, nibble_shape* shape) {
    return guarded([&] {
        const nibble::Dims dims = checked(network).input();
        require(shape, "shape");
        *shape = {dims.h, dims.w, dims.c};
    });
}

std::int32_t nibble_classes(const nibble_network* network, std::int32_t* classes) {
    return guarded([&] {
        const int found = checked(network).classes();
        require(classes, "classes");
        *classes = found;
    });
}

const char* nibble_runs_as(const nibble_network* network) {
    const char* text = nullptr;
    guarded([&] { text = checked(network).runs_as().c_str(); });
    return text;
}

const char* nibble_metadata(const nibble_network* network, const char* key) {
    const char* text = nullptr;
    guarded([&] {
        const auto& metadata = checked(network).metadata();
        require(key, "key");
        const auto found = metadata.find(key);
        if (found == metadata.end())
            throw nibble::BadInput("the network's file says nothing of '" + std::string(key) + "'");
        text = found->second.c_str();
    });
    return text;
}

std::int32_t nibble_run(const nibble_network* network, const float* images, std::uint64_t images_length,
                        float* logits, std::uint64_t logits_length) {
    return guarded([&] {
        const nibble::api::Network& checked_network = checked(network);
        if (images_length > 0) require(images, "images");
        if (logits_length > 0) require(logits, "logits");
        checked_network.run({images, images_length}, {logits, logits_length});
    });
}
