//! What a rule found, in the words of its failure.

use std::fmt;

/// Records one place that breaks a rule.
#[derive(Debug)]
pub struct Finding {
    /// The path of the file.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The name of the rule.
    pub rule: &'static str,
    /// What is there.
    pub says: String,
    /// What mends it.
    pub remedy: &'static str,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: [{}] {}. {}", self.file, self.line, self.rule, self.says, self.remedy)
    }
}

/// Fails the test with every finding, in the order of the files.
pub fn none(mut findings: Vec<Finding>) {
    findings.sort_by(|a, b| (&a.file, a.line).cmp(&(&b.file, b.line)));
    let lines: Vec<_> = findings.iter().map(ToString::to_string).collect();
    assert!(findings.is_empty(), "{} found:\n{}", findings.len(), lines.join("\n"));
}
