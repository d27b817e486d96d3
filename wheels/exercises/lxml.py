from lxml import etree, html

root = etree.fromstring(b"<a xmlns:p='urn:p'><b n='1'>x</b><b n='2'/><p:c/></a>")
assert root.xpath("sum(b/@n)") == 3.0 and root.xpath("//p:c", namespaces={"p": "urn:p"})
transform = etree.XSLT(etree.XML(
    "<xsl:stylesheet version='1.0' xmlns:xsl='http://www.w3.org/1999/XSL/Transform'>"
    "<xsl:template match='/'><n><xsl:value-of select='count(//b)'/></n></xsl:template>"
    "</xsl:stylesheet>"))
assert str(transform(root)).strip().endswith("<n>2</n>")
try:
    etree.fromstring("<a><b></a>")
except etree.XMLSyntaxError as error:
    assert error.position[0] == 1
assert html.fromstring("<p>one<p>two").xpath("//p/text()") == ["one", "two"]
