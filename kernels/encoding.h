/* The domain in which demosaicing interpolates: a square root, which makes shot noise even and differences about as
 * large as they look. Measured on linear-light mosaics (see tests/test_demosaic.py) it gives within 0.15 dB what
 * interpolating the display-encoded picture gives. The offset keeps the slope finite at black.
 */
#define ENCODE_OFFSET 0.001f

FUNCTION floats encode(floats linear_light, int encoded)
{
    return encoded ? square_root(greater(linear_light + ENCODE_OFFSET, (floats)(0.0f))) : linear_light;
}

FUNCTION floats decode(floats value, int encoded)
{
    return encoded ? value * value - ENCODE_OFFSET : value;
}
