//! Series as Prometheus scrapes them from the operator, and what the rules make of them.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use tokio::time::sleep;

use super::promtool::{Written, promtool, rules, rules_file};
use crate::support::OperatedCluster;

/// One operator that is scraped; `None` while it is not there.
pub type Target<'a> = Option<&'a OperatedCluster>;

/// What was scraped before, during and after a fault.
pub struct Recording {
    interval: Duration,
    series: BTreeMap<String, Vec<Option<String>>>,
    ticks: usize,
    fault: Option<usize>,
    mended: Option<usize>,
}

impl Recording {
    pub fn every(interval: Duration) -> Self {
        Self { interval, series: BTreeMap::new(), ticks: 0, fault: None, mended: None }
    }

    /// Scrapes the targets for so long.
    pub async fn go_on(&mut self, time: Duration, targets: &[Target<'_>]) {
        for _ in 0..time.as_secs() / self.interval.as_secs() {
            for (number, target) in targets.iter().enumerate() {
                if let Some(cluster) = target {
                    self.take(number, &cluster.page("text/plain"));
                }
            }
            self.ticks += 1;
            sleep(self.interval).await;
        }
    }

    /// Says that the fault begins now.
    pub fn fault(&mut self) {
        self.fault = Some(self.ticks);
    }

    /// Says that the fault is mended now.
    pub fn mended(&mut self) {
        self.mended = Some(self.ticks);
    }

    fn take(&mut self, target: usize, page: &str) {
        for line in page.lines().filter(|line| line.starts_with("pam_operator_")) {
            let (series, value) = line.rsplit_once(' ').unwrap();
            let (name, labels) = series.split_once('{').unwrap_or((series, "}"));
            let comma = if labels == "}" { "" } else { "," };
            let of = format!(r#"job="pam-operator",namespace="pam-system",pod="pam-operator-{target}""#);
            let values = self.series.entry(format!("{name}{{{of}{comma}{labels}")).or_default();
            values.resize(self.ticks, None);
            values.push(Some(value.to_owned()));
        }
    }

    /// Fails unless the alert fires by the fault, and not before; and no longer at the end, if the fault was mended.
    pub fn fires(&self, alert: &str) {
        let rule = rules().into_iter().find(|rule| rule["alert"] == alert).expect("there is such an alert");
        let waits = rule.get("for").map_or(Duration::ZERO, |waits| minutes(waits.as_str().unwrap()));
        let fault = self.fault.expect("there is a fault");
        let ends = self.mended.unwrap_or(self.ticks);
        let mut text = self.head();
        let before = fault + usize::try_from(waits.as_secs() / self.interval.as_secs()).unwrap();
        let firing = format!(r#"ALERTS{{alertname="{alert}",alertstate="firing"}}"#);
        (0..before).for_each(|tick| self.expect(&mut text, &firing, tick, false));
        self.expect(&mut text, r#"ALERTS{alertstate="firing"}"#, fault - 1, false);
        self.expect(&mut text, &firing, ends - 1, true);
        if self.mended.is_some() {
            self.expect(&mut text, &firing, self.ticks - 1, false);
        }
        let file = Written::new(&format!("{alert}-{fault}.yaml"), &text);
        promtool(&["test", "rules", file.path()], "");
    }

    fn head(&self) -> String {
        let (file, seconds) = (rules_file(), self.interval.as_secs());
        let mut text = format!("rule_files: [{}]\nevaluation_interval: {seconds}s\ntests:\n", file.display());
        writeln!(text, "- interval: {seconds}s\n  input_series:").unwrap();
        for (series, values) in &self.series {
            writeln!(text, "  - series: '{series}'\n    values: '{}'", spelled(values, self.ticks)).unwrap();
        }
        text + "  promql_expr_test:\n"
    }

    fn expect(&self, text: &mut String, alerts: &str, tick: usize, is_firing: bool) {
        let at = tick as u64 * self.interval.as_secs();
        let samples = if is_firing { "[{labels: '{}', value: 1}]" } else { "[]" };
        writeln!(text, "  - expr: 'count({alerts}) > bool 0'\n    eval_time: {at}s\n    exp_samples: {samples}")
            .unwrap();
    }
}

/// Spells the samples of a series: a target that is gone makes it stale.
fn spelled(values: &[Option<String>], ticks: usize) -> String {
    let mut there = false;
    let mut spell = |value: Option<&String>| {
        let was = std::mem::replace(&mut there, value.is_some());
        value.map_or(if was { "stale" } else { "_" }, String::as_str).to_owned()
    };
    let all: Vec<String> = (0..ticks).map(|tick| spell(values.get(tick).and_then(Option::as_ref))).collect();
    all.join(" ")
}

fn minutes(text: &str) -> Duration {
    let (number, unit) = text.split_at(text.len() - 1);
    let number: u64 = number.parse().unwrap();
    match unit {
        "m" => Duration::from_mins(number),
        "h" => Duration::from_hours(number),
        _ => panic!("{text}"),
    }
}
