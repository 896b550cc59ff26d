// Weight gradients of bfloat16 operands with tiles: rows are k, columns channels, one dot_bf16 is one block
// of 32 pixels. So the operand is needed as [k][pixel], dy as [pixel pair][channel][2]; both are arranged in
// a buffer of fixed size, some blocks of pixels at a time.
#pragma once

#include "engine/kernels/amx/tiles.hpp"

namespace nibble::kernels::amx {

template <class Tiles>
class TiledWeightGradient {
  public:
    explicit TiledWeightGradient(const WeightGradient& gradient) : q(gradient) {}

    void run() {
        const int blocks = ceil_div(q.pixels.rows * q.pixels.cols, kBlock);
        const int panels = ceil_div(q.channels, kPanel);
        for (int panel = 0; panel < panels; panel += kMostPanels)
            for (int block = 0; block < blocks; block += kMostBlocks)
                add(block, smaller(kMostBlocks, blocks - block), panel, smaller(kMostPanels, panels - panel));
    }

  private:
    static constexpr int kMostBlocks = 8, kMostPanels = 4;  // 32 KiB of dy, 16 KiB of operand

    static int smaller(int a, int b) { return a < b ? a : b; }

    /// Adds `blocks` blocks of pixels to `panels` panels of channels.
    void add(int first_block, int blocks, int first_panel, int panels) {
        find_pixels(first_block * kBlock, blocks * kBlock);
        for (int b = 0; b < blocks; ++b)
            for (int n = 0; n < panels; ++n) arrange_dy(b, (first_panel + n) * kPanel, dy_[b][n]);
        for (int k = 0; k < q.run_length; k += 2 * kTileRows) {
            const bool two = k + kTileRows < q.run_length;
            for (int b = 0; b < blocks; ++b) {
                arrange_operand(b, k, operand_[b][0]);
                if (two) arrange_operand(b, k + kTileRows, operand_[b][1]);
            }
            for (int n = 0; n < panels; n += 2) {
                const int channel = (first_panel + n) * kPanel;
                if (n + 1 < panels)
                    two ? accumulate<2, 2>(blocks, n, k, channel) : accumulate<1, 2>(blocks, n, k, channel);
                else
                    two ? accumulate<2, 1>(blocks, n, k, channel) : accumulate<1, 1>(blocks, n, k, channel);
            }
        }
    }

    /// Where `count` pixels from `first` on lie; null beyond the last.
    void find_pixels(int first, int count) {
        int row = first / q.pixels.cols, col = first % q.pixels.cols;
        for (int i = 0; i < count; ++i) {
            const bool real = row < q.pixels.rows;
            operand_at_[i] = real ? static_cast<const Bits*>(q.operand) + row * q.pixels.row_stride +
                                        col * q.pixels.col_stride
                                  : nullptr;
            dy_at_[i] = real ? static_cast<const Bits*>(q.dy) + row * q.dy_row_stride + col * q.dy_col_stride
                             : nullptr;
            if (++col == q.pixels.cols) {
                col = 0;
                ++row;
            }
        }
    }

    // Pixels that pad the last block are 0 in the operand and -0 in dy: adding 0 * -0 = -0 changes no sum,
    // not even -0.

    void arrange_dy(int block, int channel, Bits* to) const {
        alignas(64) static constexpr Bits kNegativeZeros[kPanel] = {
            0x8000, 0x8000, 0x8000, 0x8000, 0x8000, 0x8000, 0x8000, 0x8000,
            0x8000, 0x8000, 0x8000, 0x8000, 0x8000, 0x8000, 0x8000, 0x8000};
        const Bits* const* at = dy_at_ + block * kBlock;
        for (int i = 0; i < kBlock; i += 2)
            Tiles::pair(at[i] ? at[i] + channel : kNegativeZeros,
                        at[i + 1] ? at[i + 1] + channel : kNegativeZeros, to + i * kPanel);
    }

    void arrange_operand(int block, int k, Bits* to) const {
        alignas(64) static constexpr Bits kZeros[kTileRows] = {};
        alignas(64) Bits pairs[kTileElements];  // [pixel pair][k][2]
        const Bits* const* at = operand_at_ + block * kBlock;
        for (int i = 0; i < kBlock; i += 2)
            Tiles::pair(at[i] ? at[i] + k : kZeros, at[i + 1] ? at[i + 1] + k : kZeros,
                        pairs + i * kTileRows);
        Tiles::transpose(pairs, to);
    }

    /// K tiles of k (accumulator rows) by N panels from panel n of the buffer on.
    template <int K, int N>
    void accumulate(int blocks, int n, int k, int channel) {
        load<K, N, 0>(k, channel);
        for (int b = 0; b < blocks; ++b) {
            Tiles::template load<6>(dy_[b][n], 64);
            if constexpr (N == 2) Tiles::template load<7>(dy_[b][n + 1], 64);
            Tiles::template load<4>(operand_[b][0], 64);
            Tiles::template dot_bf16<0, 4, 6>();
            if constexpr (N == 2) Tiles::template dot_bf16<1, 4, 7>();
            if constexpr (K == 2) {
                Tiles::template load<5>(operand_[b][1], 64);
                Tiles::template dot_bf16<N, 5, 6>();
                if constexpr (N == 2) Tiles::template dot_bf16<N + 1, 5, 7>();
            }
        }
        store<K, N, 0>(k, channel);
    }

    // Rows of the gradient beyond the run's end do not exist: a tile that has some goes through a buffer.

    float* gradient(int k, int channel) const { return q.gradient + k * q.gradient_stride + channel; }
    std::ptrdiff_t row_bytes() const {
        return q.gradient_stride * static_cast<std::ptrdiff_t>(sizeof(float));
    }

    template <int K, int N, int C>
    void load(int k, int channel) {
        if constexpr (C < K * N) {
            const int first = k + C / N * kTileRows, rows = q.run_length - first;
            const float* from = gradient(first, channel + C % N * kPanel);
            if (rows >= kTileRows) {
                Tiles::template load<C>(from, row_bytes());
            } else {
                alignas(64) float buffer[kTileRows * kPanel] = {};
                for (int i = 0; i < rows; ++i)
                    __builtin_memcpy(buffer + i * kPanel, from + i * q.gradient_stride,
                                     kPanel * sizeof(float));
                Tiles::template load<C>(buffer, 64);
            }
            load<K, N, C + 1>(k, channel);
        }
    }

    template <int K, int N, int C>
    void store(int k, int channel) {
        if constexpr (C < K * N) {
            const int first = k + C / N * kTileRows, rows = q.run_length - first;
            float* to = gradient(first, channel + C % N * kPanel);
            if (rows >= kTileRows) {
                Tiles::template store<C>(to, row_bytes());
            } else {
                alignas(64) float buffer[kTileRows * kPanel];
                Tiles::template store<C>(buffer, 64);
                for (int i = 0; i < rows; ++i)
                    __builtin_memcpy(to + i * q.gradient_stride, buffer + i * kPanel, kPanel * sizeof(float));
            }
            store<K, N, C + 1>(k, channel);
        }
    }

    const WeightGradient& q;
    const Bits* operand_at_[kMostBlocks * kBlock];
    const Bits* dy_at_[kMostBlocks * kBlock];
    alignas(64) Bits dy_[kMostBlocks][kMostPanels][kTileElements];
    alignas(64) Bits operand_[kMostBlocks][2][kTileElements];
};

}  // namespace nibble::kernels::amx
