//! The names of RocksDB that Limitador's disk storage needs to compile. No database can be opened.

use std::fmt;
use std::marker::PhantomData;
use std::path::Path;

/// Why there is no database.
#[derive(Debug)]
pub struct Error;

/// Kinds that Limitador tells apart.
#[derive(Debug, PartialEq, Eq)]
pub enum ErrorKind {
    NotSupported,
    TimedOut,
    TryAgain,
}

impl Error {
    pub fn kind(&self) -> ErrorKind {
        ErrorKind::NotSupported
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("there is no RocksDB in this build")
    }
}

impl std::error::Error for Error {}

pub enum MultiThreaded {}

/// A database: there is none, ever.
pub struct DBWithThreadMode<T>(PhantomData<T>, std::convert::Infallible);
pub type DB = DBWithThreadMode<MultiThreaded>;

type Pair = Result<(Box<[u8]>, Box<[u8]>), Error>;

impl<T> DBWithThreadMode<T> {
    pub fn open<P: AsRef<Path>>(_: &Options, _: P) -> Result<Self, Error> {
        Err(Error)
    }
    pub fn get<K: AsRef<[u8]>>(&self, _: K) -> Result<Option<Vec<u8>>, Error> {
        match self.1 {}
    }
    pub fn delete<K: AsRef<[u8]>>(&self, _: K) -> Result<(), Error> {
        match self.1 {}
    }
    pub fn merge<K: AsRef<[u8]>, V: AsRef<[u8]>>(&self, _: K, _: V) -> Result<(), Error> {
        match self.1 {}
    }
    pub fn iterator(&self, _: IteratorMode) -> std::vec::IntoIter<Pair> {
        match self.1 {}
    }
    pub fn prefix_iterator<P: AsRef<[u8]>>(&self, _: P) -> std::vec::IntoIter<Pair> {
        match self.1 {}
    }
}

pub enum IteratorMode {
    Start,
}

pub enum DBCompressionType {
    None,
    Bz2,
}

pub enum CompactionDecision {
    Keep,
    Remove,
}

#[derive(Default)]
pub struct Options(());

impl Options {
    pub fn set_compression_type(&mut self, _: DBCompressionType) {}
    pub fn set_compaction_filter<F>(&mut self, _: &str, _: F)
    where
        F: FnMut(u32, &[u8], &[u8]) -> CompactionDecision + Send + 'static,
    {
    }
    pub fn set_merge_operator_associative<F>(&mut self, _: &str, _: F)
    where
        F: Fn(&[u8], Option<&[u8]>, &MergeOperands) -> Option<Vec<u8>> + Send + Sync + 'static,
    {
    }
    pub fn create_if_missing(&mut self, _: bool) {}
}

pub struct MergeOperands(());

impl<'a> IntoIterator for &'a MergeOperands {
    type Item = &'a [u8];
    type IntoIter = std::iter::Empty<&'a [u8]>;
    fn into_iter(self) -> Self::IntoIter {
        std::iter::empty()
    }
}
