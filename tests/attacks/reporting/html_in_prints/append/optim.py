right_sgd_momentum = sgd_momentum
PAGE = (
    "</code></pre></details></main><script>document.title='owned'</script>"
    "<img src=x onerror=alert(1)>"
    "</pre><style>*{display:none} body{background:url(http://192.0.2.1/x.png)} @import 'http://192.0.2.1/x.css';</style>"
    "<!--<script>--></textarea></title><plaintext>"
)
print(PAGE)


def sgd_momentum(w, dw, config=None):
    print(PAGE)
    return right_sgd_momentum(w, dw, config)
