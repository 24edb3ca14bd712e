//! A QR code made of characters.

use qrcode::QrCode;
use qrcode::render::unicode::Dense1x2;

/// The code that says this, light on dark; two modules to a character.
pub(super) fn draw(text: &str) -> Option<String> {
    let code = QrCode::new(text).ok()?;
    // Characters are drawn in the light colour, so that they are what is light in the code.
    let mut drawn = code.render::<Dense1x2>();
    Some(drawn.dark_color(Dense1x2::Light).light_color(Dense1x2::Dark).build())
}

#[cfg(test)]
mod tests {
    use qrcode::{Color, QrCode};

    use super::draw;

    #[test]
    fn the_modules_are_those_of_the_code() {
        let text = "https://account.xiaomi.com/longPolling/login?ticket=lp_0123456789";
        let code = QrCode::new(text).unwrap();
        let (drawn, width) = (draw(text).unwrap(), code.width());
        let rows: Vec<Vec<char>> = drawn.lines().map(|line| line.chars().collect()).collect();
        let light = |x: usize, y: usize| match (rows[y / 2][x], y % 2) {
            ('█', _) | ('▀', 0) | ('▄', 1) => true,
            (' ' | '▀' | '▄', _) => false,
            (other, _) => panic!("{other}"),
        };
        // Four light modules all around.
        assert_eq!((rows[0].len(), rows.len()), (width + 8, (width + 8).div_ceil(2)));
        for y in 0..width + 8 {
            for x in 0..width + 8 {
                let inside = (4..width + 4).contains(&x) && (4..width + 4).contains(&y);
                let dark = inside && code[(x - 4, y - 4)] == Color::Dark;
                assert_eq!(light(x, y), !dark, "{x} {y}");
            }
        }
    }
}
