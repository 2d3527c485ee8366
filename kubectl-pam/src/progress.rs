//! How far a command is. A bar is drawn only where somebody sees it; elsewhere a line says it now and then.

use std::io::IsTerminal as _;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use tokio::time::Instant;

use crate::output::note;

/// A bar is drawn at once for more items than these.
const MANY: usize = 20;
/// A bar is drawn for fewer items, too, once they take longer.
const LONG: Duration = Duration::from_secs(2);
/// How often a line says how far it is, where no bar does.
const LINE: Duration = Duration::from_secs(10);

/// How many of the items have come to their end.
pub struct Progress {
    what: &'static str,
    of: Option<usize>,
    at: usize,
    is_seen: bool,
    bar: Option<ProgressBar>,
    began: Instant,
    said: Instant,
}

impl Progress {
    /// Begins. `what` becomes of the items, as in "files written"; `of` is how many there are, where that is known.
    pub fn new(what: &'static str, of: Option<usize>) -> Self {
        let (is_seen, now) = (std::io::stderr().is_terminal(), Instant::now());
        let mut progress = Self { what, of, at: 0, is_seen, bar: None, began: now, said: now };
        if of.is_some_and(|of| of > MANY) {
            progress.draw();
        }
        progress
    }

    /// Notes that so many are done.
    pub fn reach(&mut self, at: usize) {
        self.at = at;
        self.tick();
    }

    /// Notes that one more is done.
    pub fn step(&mut self) {
        self.reach(self.at + 1);
    }

    /// Says now and then how far it is. A command calls this also while nothing comes to its end.
    pub fn tick(&mut self) {
        match &self.bar {
            Some(bar) => show(bar, self.at, self.line()),
            None if self.is_seen && self.began.elapsed() >= LONG => self.draw(),
            None if !self.is_seen && self.said.elapsed() >= LINE => {
                self.said = Instant::now();
                note(&self.line());
            }
            None => {}
        }
    }

    /// Prints something above the bar.
    pub fn above<T>(&self, print: impl FnOnce() -> T) -> T {
        match &self.bar {
            Some(bar) => bar.suspend(print),
            None => print(),
        }
    }

    /// Removes the bar.
    pub fn end(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }

    fn draw(&mut self) {
        if self.is_seen {
            let bar = bar(self.of);
            show(&bar, self.at, self.line());
            self.bar = Some(bar);
        }
    }

    fn line(&self) -> String {
        line(self.what, self.at, self.of, self.began.elapsed())
    }
}

/// A command that ends early leaves no bar behind.
impl Drop for Progress {
    fn drop(&mut self) {
        self.end();
    }
}

/// Returns a bar, or the words alone where it is not known how many there are.
fn bar(of: Option<usize>) -> ProgressBar {
    let style = ProgressStyle::with_template(if of.is_some() { "{bar:30} {msg}" } else { "{msg}" });
    let bar = ProgressBar::with_draw_target(of.map(|of| of as u64), ProgressDrawTarget::stderr());
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar
}

fn show(bar: &ProgressBar, at: usize, words: String) {
    bar.set_position(at as u64);
    bar.set_message(words);
}

/// Returns the words beside a bar, or instead of one. What is left is reckoned from what is done.
fn line(what: &str, at: usize, of: Option<usize>, gone: Duration) -> String {
    let seconds = gone.as_secs();
    match of {
        Some(of) if at > 0 && of > at => {
            let left = gone.as_millis() * (of - at) as u128 / at as u128 / 1000;
            format!("{at} of {of} {what} after {seconds} s, about {left} s left")
        }
        Some(of) => format!("{at} of {of} {what} after {seconds} s"),
        None => format!("{at} {what} after {seconds} s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_how_far_it_is_and_how_long_the_rest_may_take() {
        let after = Duration::from_secs(10);
        assert_eq!(line("files written", 20, Some(60), after), "20 of 60 files written after 10 s, about 20 s left");
        assert_eq!(line("done", 0, Some(3), after), "0 of 3 done after 10 s");
        assert_eq!(line("done", 3, Some(3), after), "3 of 3 done after 10 s");
        assert_eq!(line("records read", 7, None, after), "7 records read after 10 s");
    }

    #[tokio::test(start_paused = true)]
    async fn without_a_terminal_nothing_is_drawn_and_a_line_comes_each_ten_seconds() {
        let mut progress = Progress::new("done", Some(100));
        progress.is_seen = false;
        progress.bar = None;
        for (wait, says) in [(1, false), (9, true), (5, false), (6, true)] {
            tokio::time::advance(Duration::from_secs(wait)).await;
            let before = progress.said;
            progress.step();
            assert_eq!((progress.said != before, progress.bar.is_some()), (says, false), "after {wait} s more");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_terminal_gets_a_bar_at_once_for_many_items_and_later_for_few() {
        let now = Instant::now();
        let mut few = Progress { what: "done", of: Some(3), at: 0, is_seen: true, bar: None, began: now, said: now };
        few.tick();
        assert!(few.bar.is_none());
        tokio::time::advance(LONG).await;
        few.tick();
        assert!(few.bar.is_some());
    }
}
