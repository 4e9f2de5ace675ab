//! Loading as a whole: layers, mistakes, what is shown.

mod hostile;
mod layers;
mod librechat;
mod mistakes;
mod providers;
mod shown;
#[cfg(test)]
mod world;
