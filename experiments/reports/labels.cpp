#include "experiments/reports/labels.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "engine/core/error.hpp"

namespace nibble {

namespace {

struct Spot {
    double x, y;  // points of the page, upwards
};

struct Box {
    double left, bottom, right, top;

    bool holds(const Spot& s) const { return s.x > left && s.x < right && s.y > bottom && s.y < top; }
    bool meets(const Box& b) const {
        return left < b.right && b.left < right && bottom < b.top && b.bottom < top;
    }
    Box wider(double by) const { return {left - by, bottom - by, right + by, top + by}; }
};

// A label is set in 9 points; a letter of Helvetica is little more than half as wide as high.
// Without descenders it is 8 points high.
constexpr double kLetter = 5.0, kHeight = 8.0, kMark = 4.0;

using Side = Note::Side;
constexpr std::array kSides{Side::right,      Side::left,        Side::above,      Side::below,
                            Side::above_left, Side::above_right, Side::below_left, Side::below_right};

/// As placing() of plot.cpp has it, a letter there being 6 by 13 points.
Box box_at(const Spot& mark, const std::string& text, Side side) {
    const double width = kLetter * static_cast<double>(text.size());
    const auto at = [&](double x, double y) {
        return Box{mark.x + x, mark.y + y - kHeight / 2, mark.x + x + width, mark.y + y + kHeight / 2};
    };
    switch (side) {
        case Side::right:
            return at(5.5, 0);
        case Side::left:
            return at(-5.5 - width, 0);
        case Side::above:
            return at(-width / 2, 9);
        case Side::below:
            return at(-width / 2, -9);
        case Side::above_left:
            return at(-2.5 - width, 5.5);
        case Side::above_right:
            return at(2.5, 5.5);
        case Side::below_left:
            return at(-2.5 - width, -6.5);
        case Side::below_right:
            return at(2.5, -6.5);
    }
    return {};
}

/// The plot on its page.
class Page {
  public:
    explicit Page(const Plot& plot) : plot_(plot) {
        if (!plot.x_range || !plot.y_range) throw BadInput("labels: the plot's ranges are not set");
        const PlotSize size = size_of(plot);
        area_ = {38, 30, size.width - 16, size.height - 43};  // room for ticks, titles and the legend
        for (const Curve& curve : plot.curves) add(curve);
    }

    Spot spot(double x, double y) const {
        const auto part = [](double v, const AxisRange& r, bool logarithmic) {
            return logarithmic ? std::log(v / r.low) / std::log(r.high / r.low)
                               : (v - r.low) / (r.high - r.low);
        };
        const double across = part(x, *plot_.x_range, plot_.logarithmic != Plot::Logarithmic::none);
        const double up = part(y, *plot_.y_range, plot_.logarithmic == Plot::Logarithmic::both);
        return {area_.left + across * (area_.right - area_.left),
                area_.bottom + up * (area_.top - area_.bottom)};
    }

    /// How much of the drawing a label there would spoil.
    double harm(const Box& box) const {
        double sum = 0;
        if (box.left < area_.left || box.right > area_.right) sum += 1000;
        if (box.bottom < area_.bottom || box.top > area_.top) sum += 1000;
        for (const Spot& mark : marks_) sum += box.wider(kMark - 1).holds(mark) ? 20 : 0;
        for (const Spot& s : lines_) sum += box.holds(s) ? 1 : 0;
        for (const Spot& s : faint_) sum += box.holds(s) ? 0.3 : 0;
        return sum;
    }

  private:
    void add(const Curve& curve) {
        using Form = Curve::Form;
        std::vector<Spot> corners;
        for (const auto& [x, y] : curve.points) {
            const Spot next = spot(x, y);
            if (curve.form == Form::marks) marks_.push_back(next);
            if (curve.form == Form::steps && !corners.empty()) corners.push_back({next.x, corners.back().y});
            corners.push_back(next);
        }
        if (curve.form == Form::marks) return;
        auto& line = curve.colour == Curve::kGrey ? faint_ : lines_;
        for (std::size_t i = 1; i < corners.size(); ++i) {
            const Spot a = corners[i - 1], b = corners[i];
            const int pieces = 1 + static_cast<int>(std::hypot(b.x - a.x, b.y - a.y) / 3);
            for (int k = 0; k <= pieces; ++k)
                line.push_back({a.x + (b.x - a.x) * k / pieces, a.y + (b.y - a.y) * k / pieces});
        }
    }

    const Plot& plot_;
    Box area_{};
    std::vector<Spot> marks_, lines_, faint_;  // lines as spots 3 points apart
};

}  // namespace

std::vector<Note> place_labels(const Plot& plot, const std::vector<Label>& labels) {
    const Page page(plot);
    std::vector<Note> notes;
    std::vector<Box> boxes;
    for (const Label& l : labels) {
        notes.push_back({l.x, l.y, l.text, kSides.front()});
        boxes.push_back(box_at(page.spot(l.x, l.y), l.text, kSides.front()));
    }
    // Each in turn takes its best side, given where the others are, until nobody moves (or enough is enough).
    bool moved = true;
    for (int round = 0; moved && round < 20; ++round) {
        moved = false;
        for (std::size_t i = 0; i < labels.size(); ++i) {
            const auto harm_at = [&](Side side) {
                const Box box = box_at(page.spot(labels[i].x, labels[i].y), labels[i].text, side);
                double sum = page.harm(box);
                for (std::size_t j = 0; j < labels.size(); ++j)
                    if (j != i && box.meets(boxes[j].wider(0.5))) sum += 50;
                return sum;
            };
            double least = harm_at(notes[i].side);
            for (Side side : kSides) {
                const double harm = harm_at(side);
                if (harm >= least) continue;
                least = harm;
                notes[i].side = side;
                moved = true;
            }
            boxes[i] = box_at(page.spot(labels[i].x, labels[i].y), labels[i].text, notes[i].side);
        }
    }
    return notes;
}

}  // namespace nibble
