//! What the operator has to reach, as data.

use crate::{
    measure::metric::Metric::{
        self, ApiCallsPerObject, ApiWrites, Binary, Connections, Cpu, CpuPerObject, CpuShare, LatencyP99, PamCalls,
        Peak, Ready, Rss, Throughput, Tokens,
    },
    results::Results,
};

/// What is compared with a goal.
#[derive(Clone, Copy, Debug)]
pub enum Value {
    /// The median of a scenario.
    Of(&'static str, Metric),
    /// A scenario divided by another one.
    Ratio(&'static str, &'static str, Metric),
    /// A scenario less another one, times a factor.
    More(&'static str, &'static str, Metric, f64),
    /// The largest of several scenarios divided by the smallest.
    Apart(&'static [&'static str], Metric),
}

/// What the value has to be.
#[derive(Clone, Copy, Debug)]
pub enum Bound {
    /// Not more than that.
    AtMost(f64),
    /// Not less than that.
    AtLeast(f64),
}

/// One row of the table of goals.
#[derive(Clone, Copy, Debug)]
pub struct Goal {
    /// What is measured.
    pub title: &'static str,
    /// In which unit.
    pub unit: &'static str,
    /// How it is computed.
    pub value: Value,
    /// What it has to be.
    pub bound: Bound,
}

impl Goal {
    /// What was measured; none where a scenario was not run.
    #[must_use]
    pub fn measured(&self, results: &Results) -> Option<f64> {
        match self.value {
            Value::Of(name, metric) => results.median(name, metric),
            Value::Ratio(name, to, metric) => Some(results.median(name, metric)? / results.median(to, metric)?),
            Value::More(name, than, metric, factor) => {
                Some((results.median(name, metric)? - results.median(than, metric)?) * factor)
            }
            Value::Apart(names, metric) => {
                let values: Vec<f64> = names.iter().filter_map(|name| results.median(name, metric)).collect();
                let all = (values.len() == names.len()).then_some(values)?;
                let (least, most) = all.iter().fold((f64::MAX, f64::MIN), |(a, b), v| (a.min(*v), b.max(*v)));
                Some(most / least)
            }
        }
    }

    /// Whether it is reached.
    #[must_use]
    pub fn is_reached(&self, measured: f64) -> bool {
        match self.bound {
            Bound::AtMost(most) => measured <= most,
            Bound::AtLeast(least) => measured >= least,
        }
    }
}

const SIZES: &[&str] = &["cold-100", "cold-1000", "cold-10000", "cold-50000"];
/// Bytes for each of 50,000 Secrets, of a difference in MiB.
const BYTES_EACH: f64 = 1024.0 * 1024.0 / 50_000.0;

const fn at_most(title: &'static str, unit: &'static str, value: Value, most: f64) -> Goal {
    Goal { title, unit, value, bound: Bound::AtMost(most) }
}

const fn at_least(title: &'static str, unit: &'static str, value: Value, least: f64) -> Goal {
    Goal { title, unit, value, bound: Bound::AtLeast(least) }
}

/// Every goal, for two cores and a release build.
#[rustfmt::skip]
pub const GOALS: &[Goal] = &[
    at_most("a changed Secret is in the PAM, p99, idle", "ms", Value::Of("rotate-100", LatencyP99), 60.0),
    at_most("the same among 10,000 objects", "ms", Value::Of("rotate-10000", LatencyP99), 250.0),
    at_most("the same while 10,000 are due", "ms", Value::Of("backlog-10000", LatencyP99), 1000.0),
    at_most("CPU per object, 100 to 50,000: most by least", "", Value::Apart(SIZES, CpuPerObject), 1.2),
    at_most("API calls per object, 100 to 50,000: most by least", "", Value::Apart(SIZES, ApiCallsPerObject), 1.2),
    at_least("cold start of 1,000: throughput by the roofline's", "", Value::Ratio("cold-1000", "roofline-1000", Throughput), 0.85),
    at_least("cold start of 10,000: throughput by the roofline's", "", Value::Ratio("cold-10000", "roofline-10000", Throughput), 0.85),
    at_most("cold start of 1,000: CPU by the roofline's", "", Value::Ratio("cold-1000", "roofline-1000", Cpu), 1.3),
    at_most("cold start of 10,000: CPU by the roofline's", "", Value::Ratio("cold-10000", "roofline-10000", Cpu), 1.3),
    at_most("restart with 10,000 unchanged: PAM calls", "", Value::Of("restart-10000", PamCalls), 0.0),
    at_most("restart with 10,000 unchanged: writes", "", Value::Of("restart-10000", ApiWrites), 0.0),
    at_most("restart with 10,000 unchanged: time to ready", "s", Value::Of("restart-10000", Ready), 1.0),
    at_most("restart with 10,000 unchanged: CPU", "s", Value::Of("restart-10000", Cpu), 1.0),
    at_most("RSS idle", "MiB", Value::Of("idle", Rss), 10.0),
    at_most("RSS with 1,000", "MiB", Value::Of("cold-1000", Rss), 16.0),
    at_most("RSS with 10,000", "MiB", Value::Of("cold-10000", Rss), 48.0),
    at_most("RSS with 50,000", "MiB", Value::Of("cold-50000", Rss), 192.0),
    at_most("peak idle", "MiB", Value::Of("idle", Peak), 15.0),
    at_most("peak with 1,000", "MiB", Value::Of("cold-1000", Peak), 24.0),
    at_most("peak with 10,000", "MiB", Value::Of("cold-10000", Peak), 72.0),
    at_most("peak with 50,000", "MiB", Value::Of("cold-50000", Peak), 288.0),
    at_most("RSS per unrelated Secret", "bytes", Value::More("unrelated-50000", "idle", Rss, BYTES_EACH), 200.0),
    at_most("RSS of a vault with 100,000 records", "MiB", Value::More("vault-100000", "vault-0", Rss, 1.0), 24.0),
    at_most("CPU with 10,000 while nothing happens", "% of a core", Value::Of("quiet-10000", CpuShare), 0.1),
    at_most("tokens per 10,000 pushes", "", Value::Of("cold-10000", Tokens), 1.0),
    at_most("TLS handshakes per 10,000 pushes", "", Value::Of("cold-10000", Connections), 32.0),
    at_most("stripped binary", "MB", Value::Of("idle", Binary), 12.0),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::{measure::sample::Sample, results::Samples, scenarios};

    fn results(values: &[(&str, f64)]) -> Results {
        let (mut samples, all) = (Samples::default(), scenarios::all());
        for (name, value) in values {
            let mut sample = Sample::default();
            sample.put(Rss, *value);
            samples.add(all.iter().find(|scenario| scenario.name == *name).unwrap(), sample);
        }
        Results { scenarios: samples.summed_up(), ..Results::default() }
    }

    #[test]
    fn every_goal_is_about_scenarios_that_there_are() {
        let names: BTreeSet<String> = scenarios::all().into_iter().map(|scenario| scenario.name).collect();
        for goal in GOALS {
            let asked = match goal.value {
                Value::Of(name, _) => vec![name],
                Value::Ratio(a, b, _) | Value::More(a, b, _, _) => vec![a, b],
                Value::Apart(all, _) => all.to_vec(),
            };
            assert!(asked.iter().all(|name| names.contains(*name)), "{goal:?}");
        }
    }

    #[test]
    fn values_are_computed_only_of_what_was_measured() {
        let results = results(&[("idle", 10.0), ("cold-100", 20.0), ("cold-1000", 25.0)]);
        let goal = |value| Goal { title: "", unit: "", value, bound: Bound::AtMost(1.25) };
        let measured = |value| goal(value).measured(&results);
        assert_eq!(measured(Value::Ratio("cold-100", "idle", Rss)), Some(2.0));
        assert_eq!(measured(Value::More("cold-100", "idle", Rss, 3.0)), Some(30.0));
        assert_eq!(measured(Value::Apart(&["cold-100", "cold-1000"], Rss)), Some(1.25));
        assert_eq!(measured(Value::Apart(&["cold-100", "cold-10000"], Rss)), None);
        assert!(goal(Value::Of("idle", Rss)).is_reached(1.25) && !goal(Value::Of("idle", Rss)).is_reached(1.26));
    }
}
