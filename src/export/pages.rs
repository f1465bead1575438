//! Pages as files that other programs open: TIFF and PDF of a whole fax, PNG of each page.
//!
//! Names come from call and page numbers alone, never from the capture. Files are the user's own: mode 0600.

use std::io;
use std::path::{Path, PathBuf};

use crate::call::pages::CodedPage;
use crate::call::{CallNo, PageAttempt};
use crate::export::file;
use crate::page::{Bitmap, Layout};

mod g4;
mod pdf;
mod png;
mod tiff;

pub use png::picture;

/// Form of the files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// One TIFF (T.6) a fax.
    Tiff,
    /// One PNG a page.
    Png,
    /// One PDF a fax.
    Pdf,
}

/// Where the files go.
#[derive(Clone, Copy, Debug)]
pub struct Target<'t> {
    /// An existing directory.
    pub directory: &'t Path,
    /// Files that are there are written over.
    pub force: bool,
    /// The captures, which are never written over.
    pub captures: &'t [PathBuf],
}

/// A file that was written.
#[derive(Clone, Debug)]
pub struct Written {
    /// Its path.
    pub path: PathBuf,
    /// The pages in it.
    pub pages: Vec<PageAttempt>,
}

/// A page with its pixels.
pub(super) struct Sheet {
    pub(super) bitmap: Bitmap,
    pub(super) layout: Layout,
}

impl Sheet {
    fn of(page: &CodedPage) -> Option<Self> {
        let layout = page.about.layout?;
        let (bitmap, _) = Bitmap::decode(&page.octets, &layout);
        (bitmap.rows() > 0).then_some(Self { bitmap, layout })
    }
}

/// Writes the pages of a call. Of a page that was refused and sent again every attempt but the last is a file of
/// its own. What is not decoded (JBIG) is saved as it came.
pub fn write(
    target: &Target<'_>,
    call: CallNo,
    pages: &[CodedPage],
    form: Form,
) -> Result<Vec<Written>, file::Error> {
    let is_last = |place: usize, page: &CodedPage| {
        let next = pages.get(place + 1);
        next.is_none_or(|next| next.about.page != page.about.page)
    };
    let mut written = Vec::new();
    let (mut whole, mut single) = (Vec::new(), Vec::new());
    for (place, page) in pages.iter().enumerate() {
        if page.about.layout.is_some() && is_last(place, page) && form != Form::Png {
            whole.push(page);
        } else {
            single.push((page, is_last(place, page)));
        }
    }
    if !whole.is_empty() {
        let name = format!("call-{call}.{}", extension(form));
        written.extend(put(target, &name, &whole, form)?);
    }
    for (page, last) in single {
        let number = page.about.page;
        let attempt = if last {
            String::new()
        } else {
            format!("-attempt-{}", page.about.attempt)
        };
        let end = match page.about.layout {
            Some(_) => extension(form),
            None => raw::extension(page),
        };
        let name = format!("call-{call}-page-{number}{attempt}.{end}");
        written.extend(put(target, &name, &[page], form)?);
    }
    Ok(written)
}

const fn extension(form: Form) -> &'static str {
    match form {
        Form::Tiff => "tif",
        Form::Png => "png",
        Form::Pdf => "pdf",
    }
}

fn put(
    target: &Target<'_>,
    name: &str,
    pages: &[&CodedPage],
    form: Form,
) -> Result<Option<Written>, file::Error> {
    let path = target.directory.join(name);
    let mut content = Vec::new();
    let failed = |source| file::Error::Io {
        path: path.clone(),
        source,
    };
    if let [only] = pages
        && only.about.layout.is_none()
    {
        content = raw::octets(only);
    } else {
        encode(pages, form, &mut content).map_err(failed)?;
    }
    if content.is_empty() {
        return Ok(None);
    }
    for capture in target.captures {
        file::must_differ(&path, capture)?;
    }
    file::write_private(&path, target.force, |out| out.write_all(&content))?;
    Ok(Some(Written {
        path,
        pages: pages.iter().map(|page| page.about.clone()).collect(),
    }))
}

/// One page after the other is decoded: only what is coded again is kept.
fn encode(pages: &[&CodedPage], form: Form, out: &mut Vec<u8>) -> io::Result<()> {
    let sheets = pages.iter().filter_map(|page| Sheet::of(page));
    match form {
        Form::Tiff => tiff::write(out, sheets),
        Form::Pdf => {
            pdf::write(out, sheets);
            Ok(())
        }
        Form::Png => sheets.take(1).try_for_each(|sheet| png::write(out, &sheet)),
    }
}

/// Coded data that are not decoded here.
mod raw {
    use super::CodedPage;

    /// A bi-level image entity begins so (T.82 6.2.1): one layer, one plane.
    const BIE: [u8; 4] = [0, 0, 1, 0];

    pub(super) fn extension(page: &CodedPage) -> &'static str {
        match page.about.compression() {
            Some("JBIG") => "jbg",
            Some("JPEG") => "jpg",
            _ => "bin",
        }
    }

    /// The octets as a program reads them. T.85 sends the lowest bit of each octet first, and T.38 has the first
    /// bit as the highest.
    pub(super) fn octets(page: &CodedPage) -> Vec<u8> {
        if page.octets.starts_with(&BIE) {
            return page.octets.clone();
        }
        page.octets
            .iter()
            .map(|octet| octet.reverse_bits())
            .collect()
    }
}

#[cfg(test)]
mod tests;
