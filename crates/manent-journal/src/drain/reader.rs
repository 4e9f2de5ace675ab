//! Reading entries back from the files for draining.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use crate::directory;
use crate::frame::{self, FrameKind};
use crate::index::EntryPlace;
use crate::stored::Batch;

/// Reads whole batches. For a blocking thread.
#[derive(Debug)]
pub(crate) struct Reader {
    directory: PathBuf,
}

impl Reader {
    pub(crate) fn new(directory: &Path) -> Self {
        Self {
            directory: directory.to_owned(),
        }
    }

    /// Each entry with the time of its journalling, as a batch of one.
    pub(crate) fn read(&self, places: &[EntryPlace]) -> io::Result<Vec<Batch>> {
        let mut files: HashMap<u64, File> = HashMap::new();
        let mut last: Option<(u64, u64, Batch)> = None;
        let mut entries = Vec::with_capacity(places.len());
        for place in places {
            let batch = match last.take() {
                Some((segment, offset, batch))
                    if segment == place.segment && offset == place.offset =>
                {
                    batch
                }
                _ => self.batch(&mut files, place)?,
            };
            let index = usize::try_from(place.place).map_err(io::Error::other)?;
            let entry = batch.entries.get(index).ok_or_else(damaged)?;
            entries.push(Batch {
                at: batch.at,
                entries: vec![entry.clone()],
            });
            last = Some((place.segment, place.offset, batch));
        }
        Ok(entries)
    }

    fn batch(&self, files: &mut HashMap<u64, File>, place: &EntryPlace) -> io::Result<Batch> {
        let file = match files.entry(place.segment) {
            Entry::Occupied(entry) => entry.into_mut(),
            Entry::Vacant(entry) => {
                let path = directory::segment_path(&self.directory, place.segment);
                entry.insert(File::open(path)?)
            }
        };
        let mut bytes = vec![0; usize::try_from(place.length).map_err(io::Error::other)?];
        file.seek(SeekFrom::Start(place.offset))?;
        file.read_exact(&mut bytes)?;
        let frame = frame::read(&bytes).map_err(io::Error::other)?;
        if frame.kind != FrameKind::Entries {
            return Err(damaged());
        }
        Batch::decode(frame.payload).map_err(io::Error::other)
    }
}

fn damaged() -> io::Error {
    io::Error::other("a record of the journal is not what was written")
}
