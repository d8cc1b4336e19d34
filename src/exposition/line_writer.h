#pragma once

// What the two text formats have in common: a line for each sample, labels in braces, histograms as
// buckets, sum and count. For the writers of this room only.

#include <cstdint>
#include <string>
#include <string_view>

#include "exposition/exposition_writer.h"

namespace telnyx_exporter {

/// The shortest text that reads back as the same number, whole numbers without an exponent; `+Inf`,
/// `-Inf`, `NaN`.
void AppendNumber(std::string& out, double number);

/// The same in the one form that OpenMetrics allows a bound to have: `60.0`, `1e+06`.
void AppendCanonicalNumber(std::string& out, double number);

/// With backslashes and line ends escaped, and quotes where `quotes` says so.
void AppendEscaped(std::string& out, std::string_view text, bool quotes);

/// Labels without their braces, `a="x",b="y"`.
void AppendLabels(std::string& out, const std::vector<LabelView>& labels);

class LineWriter : public ExpositionWriter {
 public:
  void WriteSamples(const MetricDescriptor& metric, const MetricSeries& series,
                    std::string& out) const final;

 private:
  // What the formats write differently.
  virtual void WriteBound(double upper_bound, std::string& out) const = 0;
  virtual void WriteExemplar(const Exemplar& exemplar, std::string& out) const = 0;
  virtual std::string_view SumSuffix(MetricType type) const = 0;
  virtual std::string_view CountSuffix(MetricType type) const = 0;

  void WriteHistogram(const MetricDescriptor& metric, const MetricSeries& series,
                      std::string& out) const;
  void WriteBucket(const MetricDescriptor& metric, const MetricSeries& series,
                   const HistogramBucket& bucket, std::string& out) const;
};

}  // namespace telnyx_exporter
