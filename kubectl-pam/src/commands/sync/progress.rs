//! What the user sees meanwhile: each end once, and how far it is. A bar is drawn only where somebody sees it.

use std::fmt::Write as _;
use std::io::IsTerminal as _;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use tokio::time::Instant;

use super::item::SyncItem;
use crate::exit::Failure;
use crate::objects::PamObject;
use crate::output::{OutputArgs, clean, note, paint, write_out};

/// A bar is drawn for more objects than these.
const MANY: usize = 20;
/// How often a line says how far it is, where no bar does.
const LINE: Duration = Duration::from_secs(10);

/// Prints the ends as they come.
pub struct Lines {
    bar: Option<ProgressBar>,
    /// Another form than text was asked for: it is printed at the end.
    silent: bool,
    header: bool,
    width: usize,
    of: usize,
    done: usize,
    began: Instant,
    said: Instant,
}

impl Lines {
    /// Returns the progress of these objects.
    pub fn new(objects: &[PamObject], output: OutputArgs) -> Self {
        let width = objects.iter().map(|object| object.kind.short().len() + 1 + object.name().chars().count()).max();
        let drawn = objects.len() > MANY && std::io::stderr().is_terminal();
        let now = Instant::now();
        Self {
            bar: drawn.then(|| bar(objects.len())),
            silent: output.format.is_some(),
            header: !output.no_headers,
            width: width.unwrap_or_default().max(4),
            of: objects.len(),
            done: 0,
            began: now,
            said: now,
        }
    }

    /// Returns whether the ends are printed all at once, in another form.
    pub const fn is_silent(&self) -> bool {
        self.silent
    }

    /// Prints how an object ended.
    pub fn ended(&mut self, item: &SyncItem) -> Result<(), Failure> {
        self.done += 1;
        if let Some(bar) = &self.bar {
            bar.set_position(self.done as u64);
        }
        if self.silent {
            return Ok(());
        }
        let text = self.text(item);
        match &self.bar {
            Some(bar) => bar.suspend(|| write_out(&text)),
            None => write_out(&text),
        }
    }

    fn text(&mut self, item: &SyncItem) -> String {
        let width = self.width;
        let mut text = String::new();
        if std::mem::take(&mut self.header) {
            text = format!("{:<width$}   {:<12}   STATUS\n", "NAME", "RESULT");
        }
        let result = format!("{:<12}", item.ended.as_str());
        let status = clean(item.status.as_deref().unwrap_or("<none>"));
        let (name, result) = (clean(&item.short_name()), paint(&result, item.ended.tone()));
        let _ = writeln!(text, "{name:<width$}   {result}   {status}");
        for line in item.notes() {
            let _ = writeln!(text, "    {}", clean(&line));
        }
        text
    }

    /// Says now and then how far it is, where no bar does.
    pub fn tick(&mut self) {
        if self.bar.is_none() && self.said.elapsed() >= LINE {
            self.said = Instant::now();
            note(&format!("{} of {} done after {} s", self.done, self.of, self.began.elapsed().as_secs()));
        }
    }

    /// Removes the bar.
    pub fn end(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

fn bar(of: usize) -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:40} {pos}/{len}, {elapsed} gone, {eta} left");
    let bar = ProgressBar::with_draw_target(Some(of as u64), ProgressDrawTarget::stderr());
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::sync::item::Ended;
    use crate::objects::Kind;
    use kube::api::DynamicObject;

    #[test]
    fn each_end_is_a_line_under_one_header() {
        let object = |name: &str| PamObject {
            kind: Kind::PamCredential,
            object: DynamicObject::new(name, &Kind::PamCredential.resource()),
        };
        let objects = [object("db"), object("longer")];
        let mut lines = Lines::new(&objects, OutputArgs::default());
        let item =
            |object: &PamObject, ended| SyncItem { status: Some("Synced".to_owned()), ..SyncItem::of(object, ended) };
        let plain = |text: String| anstream::adapter::strip_str(&text).to_string();
        let first = plain(lines.text(&item(&objects[0], Ended::Done)));
        assert_eq!(first, "NAME             RESULT         STATUS\npamcred/db       Done           Synced\n");
        assert_eq!(plain(lines.text(&item(&objects[1], Ended::Suspended))), "pamcred/longer   Suspended      Synced\n");
    }
}
