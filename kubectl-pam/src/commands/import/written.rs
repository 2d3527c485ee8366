//! Puts manifests where the user wants them.

use std::fs;
use std::io::Write as _;
use std::path::Path;

use super::args::ImportArgs;
use super::files::{self, Outcome};
use super::manifest::{Place, name_of, text};
use super::patch::Patch;
use super::sorted::{SkippedRecord, Sorted};
use crate::exit::{Exit, Failure};
use crate::interrupt::Interruption;
use crate::progress::Progress;

/// The patch for the connection, in a directory. Its name is none that `kubectl apply -f DIR` reads.
pub const PATCH: &str = "access.patch";
/// The records that were skipped, in a directory.
pub const SKIPPED: &str = "skipped.txt";

/// What became of the manifests.
#[derive(Debug, Default)]
pub struct Written {
    /// The directory; none where all went to standard output.
    pub directory: Option<String>,
    /// So many files are new.
    pub new: usize,
    /// So many were there as they are.
    pub same: usize,
    /// So many were written again.
    pub replaced: usize,
    /// These were edited by somebody, and stayed as they were.
    pub kept: Vec<String>,
    /// True if the user interrupted the writing.
    pub interrupted: bool,
}

/// Writes the manifests of all chosen records, until the user interrupts. Each is written whole or not at all.
pub async fn write(
    args: &ImportArgs,
    sorted: &Sorted<'_>,
    place: &Place<'_>,
    patch: Option<&Patch>,
    interruption: &Interruption,
) -> Result<Written, Failure> {
    let Some(directory) = &args.directory else { return to_output(sorted, place, interruption).await };
    fs::create_dir_all(directory).map_err(|error| not_written(directory, &error))?;
    let mut written = Written { directory: Some(directory.display().to_string()), ..Written::default() };
    let mut progress = Progress::new("files written", Some(sorted.chosen.len()));
    for record in &sorted.chosen {
        if interruption.has_come() {
            written.interrupted = true;
            return Ok(written);
        }
        let file = directory.join(format!("{}.yaml", name_of(record)));
        let outcome = files::write(&file, &text(record, place), args.overwrite);
        written.count(&file, outcome.map_err(|error| not_written(&file, &error))?);
        progress.step();
        // A signal is noted by another task.
        tokio::task::yield_now().await;
    }
    let skipped = (!sorted.skipped.is_empty()).then(|| listed(&sorted.skipped));
    for (name, text) in [(PATCH, patch.and_then(|patch| patch.text.as_deref())), (SKIPPED, skipped.as_deref())] {
        let file = directory.join(name);
        let outcome = files::write_own(&file, text, args.overwrite).map_err(|error| not_written(&file, &error))?;
        written.kept.extend((outcome == Outcome::Kept).then(|| name.to_owned()));
    }
    Ok(written)
}

async fn to_output(sorted: &Sorted<'_>, place: &Place<'_>, interruption: &Interruption) -> Result<Written, Failure> {
    let mut out = std::io::BufWriter::new(std::io::stdout());
    let mut written = Written::default();
    for (number, record) in sorted.chosen.iter().enumerate() {
        if interruption.has_come() {
            written.interrupted = true;
            break;
        }
        if number > 0 {
            out.write_all(b"---\n")?;
        }
        out.write_all(text(record, place).as_bytes())?;
        written.new += 1;
        tokio::task::yield_now().await;
    }
    out.flush()?;
    Ok(written)
}

impl Written {
    fn count(&mut self, path: &Path, outcome: Outcome) {
        match outcome {
            Outcome::New => self.new += 1,
            Outcome::Same => self.same += 1,
            Outcome::Replaced => self.replaced += 1,
            Outcome::Kept => {
                self.kept.push(path.file_name().unwrap_or_default().to_string_lossy().into_owned());
            }
        }
    }
}

fn listed(skipped: &[SkippedRecord]) -> String {
    let lines: Vec<String> = skipped.iter().map(ToString::to_string).collect();
    lines.join("\n") + "\n"
}

fn not_written(path: &Path, error: &std::io::Error) -> Failure {
    Failure::new(Exit::No, format!("{} cannot be written: {error}. Run the command again to go on", path.display()))
}
