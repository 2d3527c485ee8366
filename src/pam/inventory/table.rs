//! The records of one list in little memory: a vault may have a hundred thousand records of some hundred bytes each.

use std::collections::HashMap;
use std::sync::Arc;

use crate::domain::{RecordId, RecordIdentifier};
use crate::pam::credential::ListedCredential;

/// The number of records on a page. A page has two blocks of memory, where each single record would have seven. The table
/// grows by pages, since one block for all records would be copied whole each time that it grows.
const PAGE: usize = 1024;
/// The most bytes of text in one record; real records are far smaller. With this limit a page's text has positions of 32
/// bits.
const MOST_TEXT: usize = 1 << 20;
/// What a record takes beside its text: its row, its places in the five indexes, and a type of its own.
const RECORD: usize = size_of::<Stored>() + 5 * size_of::<u64>() + 32;
/// The number of texts in a row; [`Row::texts`] has their order on the page.
const TEXTS: usize = 6;

/// A record, borrowed from the table or from elsewhere. A text that the list left out is empty.
#[derive(Clone, Copy)]
pub(super) struct Row<'a> {
    pub(super) id: &'a str,
    pub(super) identifier: Option<&'a str>,
    pub(super) username: &'a str,
    pub(super) hostname: &'a str,
    pub(super) ip: &'a str,
    kind: &'a str,
    change: Option<&'a str>,
    automatic_change: Option<bool>,
}

impl<'a> Row<'a> {
    /// Returns the row of a record.
    pub(super) fn of(record: &'a ListedCredential) -> Self {
        Self {
            id: &record.id,
            identifier: record.identifier.as_deref(),
            username: &record.username,
            hostname: &record.hostname,
            ip: &record.ip,
            kind: &record.kind,
            change: record.change.as_deref(),
            automatic_change: record.automatic_change,
        }
    }

    /// Returns the record of a row.
    pub(super) fn to_record(self) -> ListedCredential {
        ListedCredential {
            id: RecordId::parse(self.id).unwrap_or_default(),
            identifier: self.identifier.map(RecordIdentifier::of),
            username: self.username.to_owned(),
            hostname: self.hostname.to_owned(),
            ip: self.ip.to_owned(),
            kind: self.kind.to_owned(),
            change: self.change.map(str::to_owned),
            automatic_change: self.automatic_change,
        }
    }

    fn texts(&self) -> [&'a str; TEXTS] {
        let [identifier, change] = [self.identifier, self.change].map(Option::unwrap_or_default);
        [self.id, identifier, self.username, self.hostname, self.ip, change]
    }
}

/// The error of a record for which there is no room: the record or the list is too large.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NoRoom;

/// Records by their position.
#[derive(Default)]
pub(super) struct Table {
    /// The pages; all but the last are full.
    pages: Vec<Page>,
    kinds: Kinds,
    bytes: usize,
}

impl Table {
    /// Adds a record behind the last one.
    pub(super) fn push(&mut self, record: &ListedCredential) -> Result<(), NoRoom> {
        u32::try_from(self.len()).map_err(|_| NoRoom)?;
        let kind = self.kinds.number(&record.kind)?;
        if self.pages.last().is_none_or(Page::is_full) {
            self.close_page();
            self.pages.push(Page::default());
        }
        self.bytes += RECORD + record.text_length();
        self.pages.last_mut().ok_or(NoRoom)?.push(Row::of(record), kind)
    }

    /// Returns how many bytes of memory the records take, with their indexes.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Frees the memory that only growing needs.
    pub(super) fn close(&mut self) {
        self.close_page();
        self.kinds.numbers = HashMap::new();
    }

    fn close_page(&mut self) {
        if let Some(page) = self.pages.last_mut() {
            page.text.shrink_to_fit();
            page.rows.shrink_to_fit();
        }
    }

    pub(super) fn len(&self) -> usize {
        self.pages.last().map_or(0, |last| (self.pages.len() - 1) * PAGE + last.rows.len())
    }

    /// Returns the record at a position.
    pub(super) fn get(&self, position: u32) -> Option<Row<'_>> {
        let position = usize::try_from(position).ok()?;
        self.pages.get(position / PAGE)?.get(position % PAGE, &self.kinds)
    }

    /// Returns all records with their positions.
    pub(super) fn rows(&self) -> impl Iterator<Item = (u32, Row<'_>)> {
        (0..).map_while(|position| Some((position, self.get(position)?)))
    }
}

/// The types of records: a few texts such as `Local User`, kept once each, since every record has one of them.
#[derive(Default)]
struct Kinds {
    all: Vec<Arc<str>>,
    numbers: HashMap<Arc<str>, u32>,
}

impl Kinds {
    fn number(&mut self, kind: &str) -> Result<u32, NoRoom> {
        if let Some(number) = self.numbers.get(kind) {
            return Ok(*number);
        }
        let number = u32::try_from(self.all.len()).map_err(|_| NoRoom)?;
        let kind: Arc<str> = kind.into();
        self.all.push(Arc::clone(&kind));
        self.numbers.insert(kind, number);
        Ok(number)
    }

    fn get(&self, number: u32) -> Option<&str> {
        self.all.get(usize::try_from(number).ok()?).map(AsRef::as_ref)
    }
}

/// Some records, and their texts in one string.
#[derive(Default)]
struct Page {
    text: String,
    rows: Vec<Stored>,
}

/// A record whose texts follow each other on its page, behind the texts of the record before.
struct Stored {
    ends: [u32; TEXTS],
    kind: u32,
    automatic_change: Option<bool>,
}

impl Page {
    fn is_full(&self) -> bool {
        self.rows.len() == PAGE
    }

    fn push(&mut self, row: Row<'_>, kind: u32) -> Result<(), NoRoom> {
        let texts = row.texts();
        if texts.iter().map(|text| text.len()).sum::<usize>() > MOST_TEXT {
            return Err(NoRoom);
        }
        let mut ends = [0; TEXTS];
        for (end, text) in ends.iter_mut().zip(texts) {
            self.text.push_str(text);
            *end = u32::try_from(self.text.len()).map_err(|_| NoRoom)?;
        }
        self.rows.push(Stored { ends, kind, automatic_change: row.automatic_change });
        Ok(())
    }

    fn get<'a>(&'a self, at: usize, kinds: &'a Kinds) -> Option<Row<'a>> {
        let stored = self.rows.get(at)?;
        let before = at.checked_sub(1).and_then(|before| self.rows.get(before));
        let mut start = before.map_or(0, |before| before.ends[TEXTS - 1]);
        let mut texts = [""; TEXTS];
        for (text, end) in texts.iter_mut().zip(stored.ends) {
            *text = self.text.get(usize::try_from(start).ok()?..usize::try_from(end).ok()?)?;
            start = end;
        }
        let [id, identifier, username, hostname, ip, change] = texts;
        let [identifier, change] = [identifier, change].map(|text| (!text.is_empty()).then_some(text));
        let kind = kinds.get(stored.kind)?;
        Some(Row { id, identifier, username, hostname, ip, kind, change, automatic_change: stored.automatic_change })
    }
}

#[cfg(test)]
pub(super) fn table(records: impl IntoIterator<Item = ListedCredential>) -> Table {
    let mut table = Table::default();
    records.into_iter().for_each(|record| table.push(&record).unwrap());
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(number: usize) -> ListedCredential {
        let even = number.is_multiple_of(2);
        ListedCredential {
            id: RecordId::parse(&number.to_string()).unwrap(),
            identifier: even.then(|| RecordIdentifier::of(&format!("i{number}"))),
            username: "x".repeat(number % 7),
            hostname: format!("ü{number}"),
            ip: if even { String::new() } else { "10.0.0.7".into() },
            kind: ["Local User", "SSH Key", ""][number % 3].into(),
            change: (!number.is_multiple_of(5)).then(|| format!("2031-01-01 10:00:{number}")),
            automatic_change: [None, Some(true), Some(false)][number % 3],
        }
    }

    #[test]
    fn every_record_comes_back_as_it_was_on_either_side_of_a_page() {
        for count in [0, 1, PAGE - 1, PAGE, PAGE + 1, 2 * PAGE + 1] {
            let mut table = table((0..count).map(record));
            table.close();
            assert_eq!((table.len(), table.rows().count()), (count, count));
            for (position, row) in table.rows() {
                assert_eq!(row.to_record(), record(usize::try_from(position).unwrap()));
            }
            assert!(table.get(u32::try_from(count).unwrap()).is_none() && table.get(u32::MAX).is_none());
        }
    }

    #[test]
    fn a_type_is_kept_once() {
        assert_eq!(table((0..100).map(record)).kinds.all.len(), 3);
    }

    #[test]
    fn what_is_full_keeps_no_room_for_more() {
        let mut table = table((0..PAGE + 10).map(record));
        table.close();
        for page in &table.pages {
            assert_eq!((page.text.capacity(), page.rows.capacity()), (page.text.len(), page.rows.len()));
        }
    }

    #[test]
    fn a_record_larger_than_any_has_no_room_and_the_last_that_has_is_whole() {
        // The id has one more.
        let large = |bytes: usize| ListedCredential { username: "x".repeat(bytes - 1), ..ListedCredential::default() };
        let mut table = table([large(MOST_TEXT)]);
        assert_eq!(table.push(&large(MOST_TEXT + 1)), Err(NoRoom));
        assert_eq!((table.len(), table.get(0).map(|row| row.username.len())), (1, Some(MOST_TEXT - 1)));
    }
}
