//! What the user sees meanwhile: each end once, and how far it is.

use std::fmt::Write as _;

use super::item::SyncItem;
use crate::exit::Failure;
use crate::objects::PamObject;
use crate::output::{OutputArgs, clean, note, paint, write_out};
use crate::progress::Progress;

/// Prints the ends as they come.
pub struct Lines {
    progress: Progress,
    /// Another form than text was asked for: it is printed at the end.
    silent: bool,
    header: bool,
    width: usize,
    of: usize,
    done: usize,
    /// All were asked for, and their ends are counted.
    waits: bool,
}

impl Lines {
    /// Returns the progress of these objects: at first of asking for them.
    pub fn new(objects: &[PamObject], output: OutputArgs) -> Self {
        let width = objects.iter().map(|object| object.kind.short().len() + 1 + object.name().chars().count()).max();
        Self {
            progress: Progress::new("asked for", Some(objects.len())),
            silent: output.format.is_some(),
            header: !output.no_headers,
            width: width.unwrap_or_default().max(4),
            of: objects.len(),
            done: 0,
            waits: false,
        }
    }

    /// Returns whether the ends are printed all at once, in another form.
    pub const fn is_silent(&self) -> bool {
        self.silent
    }

    /// Notes that one more object was asked for, or refused.
    pub fn asked(&mut self) {
        self.progress.step();
    }

    /// All were asked for: from now on it is said how many are done.
    pub fn wait(&mut self) {
        self.waits = true;
        self.progress.end();
        self.progress = Progress::new("done", Some(self.of));
        self.progress.reach(self.done);
    }

    /// Prints how an object ended.
    pub fn ended(&mut self, item: &SyncItem) -> Result<(), Failure> {
        self.done += 1;
        if self.waits {
            self.progress.reach(self.done);
        }
        if self.silent {
            return Ok(());
        }
        let text = self.text(item);
        self.progress.above(|| write_out(&text))
    }

    fn text(&mut self, item: &SyncItem) -> String {
        let width = self.width;
        let mut text = String::new();
        if std::mem::take(&mut self.header) {
            text = format!("{:<width$}   {:<12}   STATUS\n", "NAME", "RESULT");
        }
        let result = format!("{:<12}", item.ended.as_str());
        let status = clean(item.headline.status.as_deref().unwrap_or("<none>"));
        let (name, result) = (clean(&item.headline.short_name()), paint(&result, item.ended.tone()));
        let _ = writeln!(text, "{name:<width$}   {result}   {status}");
        for line in item.notes() {
            let _ = writeln!(text, "    {}", clean(&line));
        }
        text
    }

    /// Says now and then how far it is.
    pub fn tick(&mut self) {
        self.progress.tick();
    }

    /// Says something beside the progress.
    pub fn say(&self, text: &str) {
        self.progress.above(|| note(text));
    }

    /// Removes the bar.
    pub fn end(&self) {
        self.progress.end();
    }
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
        let item = |object: &PamObject, ended| {
            let mut item = SyncItem::of(object, ended);
            item.headline.status = Some("Synced".to_owned());
            item
        };
        let plain = |text: String| anstream::adapter::strip_str(&text).to_string();
        let first = plain(lines.text(&item(&objects[0], Ended::Done)));
        assert_eq!(first, "NAME             RESULT         STATUS\npamcred/db       Done           Synced\n");
        assert_eq!(plain(lines.text(&item(&objects[1], Ended::Suspended))), "pamcred/longer   Suspended      Synced\n");
    }
}
