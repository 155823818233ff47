//! Answers every request with a picture it draws on the spot: a PNG of 256 by 256 pixels
//! in which red grows to the right, green grows downwards, and blue shrinks with both.

use std::io::Cursor;

use http_guest::{guest_app, Request, Response};
use image::{ImageOutputFormat, RgbImage};

const SIDE: u32 = 256;

fn draw() -> RgbImage {
    RgbImage::from_fn(SIDE, SIDE, |x, y| {
        // The distance from SIDE, so beyond the diagonal blue grows again.
        let blue = (SIDE as i32 - (x + y) as i32).abs();
        image::Rgb([x as u8, y as u8, blue as u8])
    })
}

fn picture(_request: &Request<Vec<u8>>) -> Response<Vec<u8>> {
    let mut png = Cursor::new(Vec::new());
    draw()
        .write_to(&mut png, ImageOutputFormat::Png)
        .expect("writing to memory");
    Response::builder()
        .status(200)
        .header("content-type", "image/png")
        .body(png.into_inner())
        .expect("a valid header")
}

guest_app!(picture);
