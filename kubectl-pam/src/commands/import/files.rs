//! Writes manifests into a directory, and never over what somebody edited.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

/// Begins each file that a later run may make again.
const SIGNATURE: &str = "# Made by kubectl pam import, and made again by its next run unless it is edited: ";

/// What became of one file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is new.
    New,
    /// It was there, with the same content.
    Same,
    /// It was there with another content, and stays as it was.
    Kept,
    /// It was there with another content, and was written again.
    Replaced,
}

/// Writes one file, whole or not at all. A file with another content stays as it is unless `overwrite`.
pub fn write(path: &Path, text: &str, overwrite: bool) -> io::Result<Outcome> {
    let outcome = match fs::read(path) {
        Ok(old) if old == text.as_bytes() => return Ok(Outcome::Same),
        Ok(_) if !overwrite => return Ok(Outcome::Kept),
        Ok(_) => Outcome::Replaced,
        Err(error) if error.kind() == io::ErrorKind::NotFound => Outcome::New,
        Err(error) => return Err(error),
    };
    let mut unfinished = path.as_os_str().to_owned();
    unfinished.push(".unfinished");
    new(Path::new(&unfinished))?.write_all(text.as_bytes())?;
    fs::rename(&unfinished, path)?;
    Ok(outcome)
}

/// Makes a file, in place of what an interrupted run left under that name. A link is replaced and not followed: in a directory that
/// others may write into, it may lead anywhere.
fn new(path: &Path) -> io::Result<fs::File> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    OpenOptions::new().write(true).create_new(true).open(path)
}

/// Writes a file that each run makes again, or takes away what an earlier run wrote. A file that an earlier run did not write, or
/// that somebody edited since, is never taken away, and stays as it is unless `overwrite`.
pub fn write_own(path: &Path, text: Option<&str>, overwrite: bool) -> io::Result<Outcome> {
    let is_own = match fs::read_to_string(path) {
        Ok(found) => is_signed(&found),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return text.map_or(Ok(Outcome::Same), |text| write(path, &signed(text), false));
        }
        Err(error) if error.kind() == io::ErrorKind::InvalidData => false,
        Err(error) => return Err(error),
    };
    match text {
        Some(text) => write(path, &signed(text), overwrite || is_own),
        None if is_own => fs::remove_file(path).map(|()| Outcome::Same),
        None => Ok(Outcome::Kept),
    }
}

/// Returns a text below a line by which a later run sees whether somebody edited it.
fn signed(text: &str) -> String {
    format!("{SIGNATURE}{}\n{text}", STANDARD.encode(Sha256::digest(text)))
}

fn is_signed(found: &str) -> bool {
    found
        .strip_prefix(SIGNATURE)
        .and_then(|found| found.split_once('\n'))
        .is_some_and(|(_, text)| signed(text) == found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scratch::Scratch;

    /// A folder that is gone after the test.
    struct Folder(std::path::PathBuf);

    impl Folder {
        fn new(name: &str) -> Self {
            let folder = std::env::temp_dir().join(format!("kubectl-pam-{name}-{}", std::process::id()));
            fs::create_dir_all(&folder).unwrap();
            Self(folder)
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    #[cfg(unix)]
    #[test]
    fn what_a_link_in_the_directory_leads_to_is_not_written() {
        let folder = Folder::new("links");
        let (precious, path) = (folder.0.join("precious"), folder.0.join("a.yaml"));
        fs::write(&precious, "precious").unwrap();
        for link in ["a.yaml.unfinished", "a.yaml"] {
            std::os::unix::fs::symlink(&precious, folder.0.join(link)).unwrap();
            assert!(matches!(write(&path, "text", true).unwrap(), Outcome::New | Outcome::Replaced));
            assert_eq!(fs::read_to_string(&precious).unwrap(), "precious", "{link}");
            assert_eq!(fs::read_to_string(&path).unwrap(), "text");
            fs::remove_file(&path).unwrap();
        }
    }

    #[test]
    fn a_file_that_each_run_makes_is_made_again_unless_somebody_edited_or_made_it() {
        let folder = Folder::new("own");
        let path = folder.0.join("access.patch");
        let text = || fs::read_to_string(&path).unwrap();
        assert_eq!(write_own(&path, None, false).unwrap(), Outcome::Same);
        assert_eq!(write_own(&path, Some("one\n"), false).unwrap(), Outcome::New);
        assert!(text().ends_with("\none\n") && text().starts_with('#'), "{}", text());
        assert_eq!(write_own(&path, Some("one\n"), false).unwrap(), Outcome::Same);
        assert_eq!(write_own(&path, Some("two\n"), false).unwrap(), Outcome::Replaced);
        assert_eq!(write_own(&path, None, false).unwrap(), Outcome::Same);
        assert!(!path.exists(), "an earlier run wrote it");

        write_own(&path, Some("one\n"), false).unwrap();
        let narrowed = text().replace("one", "narrowed");
        for edited in [&*narrowed, "somebody's own\n"] {
            fs::write(&path, edited).unwrap();
            assert_eq!(write_own(&path, Some("two\n"), false).unwrap(), Outcome::Kept);
            for overwrite in [false, true] {
                assert_eq!(write_own(&path, None, overwrite).unwrap(), Outcome::Kept);
            }
            assert_eq!(text(), edited);
            assert_eq!(write_own(&path, Some("two\n"), true).unwrap(), Outcome::Replaced);
        }
    }

    #[test]
    fn a_file_is_new_the_same_kept_or_replaced() {
        let folder = Scratch::new("files");
        let path = folder.join("a.yaml");
        assert_eq!(write(&path, "one", false).unwrap(), Outcome::New);
        assert_eq!(write(&path, "one", false).unwrap(), Outcome::Same);
        assert_eq!(write(&path, "two", false).unwrap(), Outcome::Kept);
        assert_eq!(fs::read_to_string(&path).unwrap(), "one");
        assert_eq!(write(&path, "two", true).unwrap(), Outcome::Replaced);
        assert_eq!((fs::read_to_string(&path).unwrap().as_str(), fs::read_dir(&*folder).unwrap().count()), ("two", 1));
        assert!(write(&folder.join("none/a.yaml"), "x", false).is_err());
    }
}
