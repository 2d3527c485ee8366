//! The lines of all checks, as text and as a document.

use std::fmt::Write as _;

use serde::Serialize;

use super::line::{Line, Verdict};
use crate::exit::Exit;
use crate::output::{Tone, clean, paint};

/// What all checks say.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Report {
    /// The checks, in the order of the text.
    pub checks: Vec<Line>,
    /// How many are `ok`.
    pub ok: usize,
    /// How many are `warn`.
    pub warn: usize,
    /// How many are `FAIL`.
    pub fail: usize,
}

impl Report {
    /// Counts the lines.
    pub fn of(checks: Vec<Line>) -> Self {
        let count = |verdict| checks.iter().filter(|line| line.verdict == verdict).count();
        let (ok, warn, fail) = (count(Verdict::Ok), count(Verdict::Warn), count(Verdict::Fail));
        Self { checks, ok, warn, fail }
    }

    /// Returns how the command ends.
    pub const fn exit(&self) -> Exit {
        if self.fail == 0 { Exit::Done } else { Exit::No }
    }

    /// Returns the text: a heading for each group, and below it a line for each check.
    pub fn text(&self) -> String {
        let mut text = String::new();
        let mut group = "";
        for line in &self.checks {
            if line.group != group {
                group = &line.group;
                let _ = writeln!(text, "{}", clean(group));
            }
            let _ = writeln!(text, "  {}", shown(line));
        }
        let _ = writeln!(text, "{} ok, {} warn, {} FAIL", self.ok, self.warn, self.fail);
        text
    }
}

fn shown(line: &Line) -> String {
    let tone = match line.verdict {
        Verdict::Ok => Tone::Good,
        Verdict::Warn => Tone::Waiting,
        Verdict::Fail => Tone::Bad,
    };
    let word = line.verdict.as_str();
    let blanks = " ".repeat(4 - word.len());
    let to_do = line.what_to_do.as_ref().map(|words| format!(" — {}", clean(words))).unwrap_or_default();
    format!("{}{blanks}  {}: {}{to_do}", paint(word, tone), line.check, clean(&line.what))
}

#[cfg(test)]
mod tests {
    use super::super::line::Lines;
    use super::*;

    #[test]
    fn each_check_is_a_line_below_its_group() {
        let mut cluster = Lines::of("cluster");
        cluster.ok("version", "v1.33");
        let mut connection = Lines::of("clusterpamconn/default");
        connection.warn("clock", "not\u{1b} known", "compare it");
        connection.fail("dns", "no address", "correct url");
        let report = Report::of(cluster.lines.into_iter().chain(connection.lines).collect());
        let text = anstream::adapter::strip_str(&report.text()).to_string();
        let expected = "cluster\n  ok    version: v1.33\nclusterpamconn/default\n  warn  clock: not\u{fffd} known — compare it\n  \
                        FAIL  dns: no address — correct url\n1 ok, 1 warn, 1 FAIL\n";
        assert_eq!(text, expected);
        assert_eq!(report.exit(), Exit::No);
        let json = serde_json::to_value(&report).unwrap();
        for (line, at) in report.checks.iter().zip(0..) {
            assert_eq!(json["checks"][at]["what"], line.what.as_str());
            assert_eq!(json["checks"][at]["verdict"], line.verdict.as_str());
        }
    }
}
