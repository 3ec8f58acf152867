/* The domain in which demosaicing interpolates: a square root, in which shot noise is uniform and differences are
 * roughly perceptually uniform. Measured on linear-light mosaics (see tests/test_demosaic.py), the result is within
 * 0.15 dB of interpolating the display-encoded picture. The offset keeps the slope finite at black.
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
