//! A picture in the size that a client asks for, `/?width=64`: resized once for each size, then
//! taken from the key-value store.

use http_guest::{guest_app_kvs, header, KVStore, Request, Response};
use image::{imageops::FilterType, ImageFormat};

const PICTURE: &[u8] = include_bytes!("../assets/wool.png");
const WIDEST: u32 = 320;

fn width(request: &Request<Vec<u8>>) -> Option<u32> {
    let query = request.uri().query()?;
    let width = query.strip_prefix("width=")?.parse().ok()?;
    Some(width).filter(|width| (1..=WIDEST).contains(width))
}

fn resized(width: u32) -> Vec<u8> {
    let picture = image::load_from_memory_with_format(PICTURE, ImageFormat::Png).unwrap();
    let height = picture.height() * width / picture.width();
    let small = picture.resize_exact(width, height.max(1), FilterType::Triangle);
    let mut bytes = std::io::Cursor::new(Vec::new());
    small.write_to(&mut bytes, ImageFormat::Png).unwrap();
    bytes.into_inner()
}

fn thumbnail(store: &mut KVStore, request: &Request<Vec<u8>>) -> Response<Vec<u8>> {
    let mut response = Response::builder();
    let width = match width(request) {
        Some(width) => width,
        None => {
            let text = format!("/?width=N, 1 to {}\n", WIDEST);
            return response.status(400).body(text.into_bytes()).unwrap();
        }
    };
    let key = format!("thumbnail/{}", width);
    let (found, picture) = match store.get(&key) {
        Some(picture) => ("hit", picture),
        None => ("miss", resized(width)),
    };
    if found == "miss" {
        store.upsert(&key, &picture);
    }
    response
        .header(header::CONTENT_TYPE, "image/png")
        .header("x-cache", found)
        .body(picture)
        .unwrap()
}

guest_app_kvs!(thumbnail);
