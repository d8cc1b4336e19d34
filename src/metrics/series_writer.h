#pragma once

// What the rows of the metric table write their series to, in whichever format is asked for. Used
// on the thread that serves a scrape.

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string_view>

#include <prometheus/client_metric.h>

#include "calls/duration_histogram.h"
#include "exposition/exposition_writer.h"
#include "polling/poll_observer.h"

namespace telnyx_exporter {

class SeriesWriter {
 public:
  SeriesWriter(ExpositionFormat format, FamilyWriter& families)
      : native_buckets_(format == ExpositionFormat::kProtobuf),
        exemplars_(format != ExpositionFormat::kText),
        families_(families) {}

  void Begin(const MetricDescriptor& metric);
  std::string_view metric_name() const { return metric_->name; }
  /// Labels of all following series, encoded by the format's writer; must live as long.
  void SetSharedLabels(std::string_view encoded) { series_.encoded_labels = encoded; }

  /// One series; labels with an empty value are left out. `created`: when the counter was 0.
  void Add(double value, std::initializer_list<LabelView> labels = {},
           std::optional<WallTime> created = std::nullopt);
  /// Active legs by duration.
  void AddDurations(const CompletePoll& poll);
  /// Ended legs by duration.
  void AddDurations(const DurationHistogram& durations, WallTime created);
  /// A counter or histogram of the registry.
  void AddCounter(const prometheus::ClientMetric& counter, std::optional<WallTime> created);

 private:
  void SetNativeBuckets(std::uint64_t zero_count,
                        std::span<const ExponentialBuckets::Bucket> buckets);

  const bool native_buckets_;
  const bool exemplars_;
  FamilyWriter& families_;
  const MetricDescriptor* metric_ = nullptr;
  MetricSeries series_;
};

}  // namespace telnyx_exporter
