//! What is under way, on standard error.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

const TICK: Duration = Duration::from_millis(200);
const STYLE: &str = "{prefix} {msg} {wide_bar} {pos}/{len} {elapsed}";
const ENDLESS: &str = "{prefix} {msg} {spinner} {elapsed}";

/// Shows one line: what is done now, and how far it is. Nothing where standard error is no terminal.
#[derive(Clone, Debug)]
pub struct Progress(ProgressBar);

impl Progress {
    /// Shows `prefix` before everything.
    #[must_use]
    pub fn new(prefix: String) -> Self {
        let bar = ProgressBar::new_spinner();
        bar.set_prefix(prefix);
        bar.enable_steady_tick(TICK);
        Self(bar)
    }

    /// Begins a stage of so many steps; 0: nobody knows how many.
    pub fn begin(&self, stage: &'static str, steps: usize) {
        let template = if steps == 0 { ENDLESS } else { STYLE };
        self.0.reset();
        self.0.set_message(stage);
        self.0.set_length(steps as u64);
        if let Ok(style) = ProgressStyle::with_template(template) {
            self.0.set_style(style);
        }
        if self.0.is_hidden() {
            eprintln!("{} {stage}", self.0.prefix());
        }
    }

    /// Notes that so many more steps are done.
    pub fn advance(&self, steps: u64) {
        self.0.inc(steps);
    }

    /// Notes how many steps are done.
    pub fn reach(&self, steps: u64) {
        self.0.set_position(steps);
    }

    /// Says something that stays.
    pub fn say(&self, line: &str) {
        self.0.suspend(|| eprintln!("{line}"));
    }

    /// Removes the line.
    pub fn clear(&self) {
        self.0.finish_and_clear();
    }
}
