//! Pictures in prompts.

use manent_types::Part;

/// Where a picture's bytes are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ImageSource<'part> {
    /// Here, in Base64.
    Data {
        /// Such as `image/png`.
        media_type: &'part str,
        /// Base64.
        data: &'part str,
    },
    /// Where the provider can fetch them.
    Url(&'part str),
}

/// Where an image part's bytes are. A `data:` URL counts as bytes.
pub(crate) fn image_source(part: &Part) -> Option<ImageSource<'_>> {
    let Part::Image {
        media_type,
        data,
        url,
    } = part
    else {
        return None;
    };
    if let (Some(media_type), Some(data)) = (media_type, data) {
        return Some(ImageSource::Data { media_type, data });
    }
    let url = url.as_deref()?;
    let inline = url
        .strip_prefix("data:")
        .and_then(|rest| rest.split_once(";base64,"));
    Some(match inline {
        Some((media_type, data)) => ImageSource::Data { media_type, data },
        None => ImageSource::Url(url),
    })
}
